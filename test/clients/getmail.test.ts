import { describe, expect, test } from "bun:test";
import { getmail } from "../../src/clients/getmail.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const FILE = "/home/anna/.config/getmail-mailkey/anna-mail-test";
const anna = mailAccount("anna@mail.test");
const env = { HOME: "/home/anna" };

describe("the getmail recipe", () => {
  test("writes one file for each account and asks for the Maildirs, which getmail does not make", async () => {
    const rendering = await getmail.render(renderRequest([anna, mailAccount("bob@mail.test")], { env }));
    expect(rendering.edits.map((edit) => edit.path)).toEqual([FILE, FILE.replace("anna-", "bob-")]);
    expect(rendering.folders).toContain("/home/anna/Maildir/anna-mail-test-getmail/INBOX/new");
    expect(rendering.folders).toHaveLength(6);
    expect(rendering.notes[0]).toBe(
      "Fetch:\n    getmail -g /home/anna/.config/getmail-mailkey -r anna-mail-test -r bob-mail-test",
    );
  });

  test("removes nothing from the server, and quotes the command for Python", async () => {
    const hostile = mailAccount("anna@mail.test", { tokenCommand: ["/bin/mailkey", "token", `o'"$(x)\\@mail.test`] });
    const text = textFor(await getmail.render(renderRequest([hostile], { env })), FILE);
    expect(text).toContain("delete = false\n");
    expect(text).toContain(`password_command = ("/bin/mailkey", "token", "o'\\"$(x)\\\\@mail.test")\n`);
  });

  test("always names authorities, without which getmail checks no certificate", async () => {
    const authorities = async (overrides: object, files: Record<string, string>) =>
      /^ca_certs = (.*)$/m.exec(
        textFor(await getmail.render(renderRequest([anna], { env, ...overrides }, files)), FILE),
      )?.[1];
    expect(await authorities({ caFile: "/my/ca.pem" }, {})).toBe("/my/ca.pem");
    expect(await authorities({}, { "/etc/pki/tls/certs/ca-bundle.crt": "" })).toBe("/etc/pki/tls/certs/ca-bundle.crt");
    expect(await authorities({}, {})).toBe("/etc/ssl/certs/ca-certificates.crt");
  });

  test("refuses getmail 5, which knows no tokens", () => {
    const program = { path: "/usr/bin/getmail", version: "5.14" };
    expect(() => getmail.render(renderRequest([anna], { env, program }))).toThrow("getmail 5.14 cannot use tokens");
  });
});
