import { describe, expect, test } from "bun:test";
import { fdm } from "../../src/clients/fdm.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const CONF = "/home/anna/.fdm.conf";
const anna = mailAccount("anna@mail.test");
const program = { path: "/usr/bin/fdm", version: "2.2" };

describe("the fdm recipe", () => {
  test("has an old version read through mailkey, which cannot use tokens", async () => {
    const old = { path: "/usr/bin/fdm", version: "1.9" };
    const rendering = await fdm.render(renderRequest([anna], { program: old }));
    expect(rendering.way).toBe("tunnel");
    expect(textFor(rendering, CONF)).toContain(
      'account "anna-mail-test" imap pipe "/usr/local/bin/mailkey tunnel anna@mail.test" new-only keep\n',
    );
    const token = renderRequest([anna], { program: old, way: "token" });
    expect(() => fdm.render(token)).toThrow("fdm 1.9 cannot use tokens");
  });

  test("writes a percent sign twice where fdm puts things in for it", async () => {
    const odd = mailAccount("50%a$b@mail.test");
    const text = textFor(await fdm.render(renderRequest([odd], { program, way: "tunnel" })), CONF);
    expect(text).toContain(`pipe "/usr/local/bin/mailkey tunnel '50%%a\\$b@mail.test'" new-only`);
  });

  test("adds accounts that leave mail on the server, and rules only to a file that has none", async () => {
    const text = textFor(await fdm.render(renderRequest([anna], { program })), CONF);
    expect(text).toContain('account "anna-mail-test" imaps server "imap.mail.test" port 993');
    expect(text).toContain("pass $(/usr/local/bin/mailkey token anna@mail.test)\n  new-only xoauth2 keep\n");
    expect(text).toContain('match account "anna-mail-test" action "anna-mail-test"');
    const own = { [CONF]: 'match all action "inbox"\n' };
    expect(textFor(await fdm.render(renderRequest([anna], { program }, own)), CONF)).not.toContain("match");
  });

  test.each(["o'b@mail.test", "a)b@mail.test", "$x@mail.test"])(
    "refuses %s, which fdm could not hand to a command",
    (address) => {
      const hostile = mailAccount(address);
      expect(() => fdm.render(renderRequest([hostile], { program }))).toThrow("cannot run a command with");
    },
  );
});
