import { describe, expect, test } from "bun:test";
import { mpop } from "../../src/clients/mpop.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const RC = "/home/anna/.mpoprc";
const env = { HOME: "/home/anna" };
const anna = mailAccount("anna@mail.test", {
  servers: { pop: { host: "pop.mail.test", port: 995, security: "tls" } },
  mechanisms: { pop: ["OAUTHBEARER", "XOAUTH2"] },
});

describe("the mpop recipe", () => {
  test("keeps mail on the server, checks certificates and uses the provider's first mechanism", async () => {
    const text = textFor(await mpop.render(renderRequest([anna], { env })), RC);
    for (const line of ["keep on", "tls on", "tls_starttls off", "tls_trust_file system", "auth oauthbearer"]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  test("names the file of seen messages by its label: by default slashes of the user's name would lead elsewhere", async () => {
    const text = textFor(await mpop.render(renderRequest([{ ...anna, user: "../../x" }], { env })), RC);
    expect(text).toContain("uidls_file /home/anna/.mpop_uidls/anna-mail-test\n");
  });

  test("uses the file that mpop reads", async () => {
    const modern = "/home/anna/.config/mpop/config";
    const path = async (files: Record<string, string>) =>
      (await mpop.render(renderRequest([anna], { env }, files))).edits[0]?.path;
    expect(await path({})).toBe(RC);
    expect(await path({ [modern]: "" })).toBe(modern);
    expect(await path({ [modern]: "", [RC]: "" })).toBe(RC);
  });

  test("finds the account that the user wrote for the same mailbox", async () => {
    const own = `defaults\ntls on\n\naccount other\nhost elsewhere.test\nuser "anna@mail.test"\n\naccount mine\nhost POP.mail.test\nuser "anna@mail.test"\n`;
    const { handMade } = await mpop.render(renderRequest([anna], { env }, { [RC]: own }));
    expect(handMade).toEqual([{ path: RC, line: 8, address: "anna@mail.test" }]);
  });

  test("refuses an account without POP3", () => {
    expect(() => mpop.render(renderRequest([mailAccount("anna@mail.test")], { env }))).toThrow("mpop needs POP3");
  });
});
