import { describe, expect, test } from "bun:test";
import { imapfilter } from "../../src/clients/imapfilter.ts";
import type { Rendering, RenderRequest } from "../../src/clients/recipe.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const PATH = "/home/anna/.imapfilter/config.lua";

const render = (accounts: RenderRequest["accounts"], overrides: Partial<RenderRequest> = {}) =>
  imapfilter.render(renderRequest(accounts, overrides)) as Rendering;

describe("imapfilter's config.lua", () => {
  test("has a table of the accounts before the user's rules", () => {
    const rendering = render([mailAccount("anna@mail.test"), mailAccount("bob@mail.test")]);
    expect(rendering.edits[0]).toMatchObject({ kind: "block", comment: "--", place: "start" });
    const text = textFor(rendering, PATH);
    expect(text).toContain(`  mailkey["anna-mail-test"] = IMAP {
    server = "imap.mail.test",
    port = 993,
    ssl = "auto",
    username = "anna@mail.test",
    oauth2 = token("/usr/local/bin/mailkey token --format=sasl anna@mail.test"),
  }
`);
    expect(text).toContain('mailkey["bob-mail-test"]');
  });

  test("is where IMAPFILTER_HOME says", () => {
    const rendering = render([mailAccount("anna@mail.test")], { env: { IMAPFILTER_HOME: "/srv/filter" } });
    expect(rendering.edits[0]?.path).toBe("/srv/filter/config.lua");
  });

  test("puts the flag before the end of flags", () => {
    const account = mailAccount("-x@mail.test", { tokenCommand: ["/bin/mailkey", "token", "--", "-x@mail.test"] });
    expect(textFor(render([account]), PATH)).toContain("/bin/mailkey token --format=sasl -- -x@mail.test");
  });

  test("is refused where it would log in without TLS, or with another mechanism's string", () => {
    const starttls = mailAccount("a@mail.test", {
      servers: { imap: { host: "imap.mail.test", port: 143, security: "starttls" } },
    });
    expect(() => render([starttls])).toThrow("not safe with STARTTLS");
    const bearer = mailAccount("a@mail.test", { mechanisms: { imap: ["OAUTHBEARER", "XOAUTH2"] } });
    expect(() => render([bearer])).toThrow("knows XOAUTH2 only");
  });

  test("comes with a note on the authorities, which the program takes from its command line", () => {
    expect(render([mailAccount("anna@mail.test")], { caFile: "/etc/ours.pem" }).notes.join("\n")).toContain(
      "imapfilter -t /etc/ours.pem",
    );
  });
});
