import { describe, expect, test } from "bun:test";
import { offlineimap } from "../../src/clients/offlineimap.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const CONFIG = "/home/anna/.config/offlineimap";

async function render(...args: Parameters<typeof renderRequest>) {
  return offlineimap.render(renderRequest(...args));
}

describe("the OfflineIMAP recipe", () => {
  test("lists all accounts, which only one section can do", async () => {
    const rendering = await render([mailAccount("anna@mail.test"), mailAccount("bob@mail.test")]);
    const text = textFor(rendering, "/home/anna/.offlineimaprc");
    expect(text).toContain("accounts = anna-mail-test, bob-mail-test\n");
    expect(text.match(/\[general\]/g)).toHaveLength(1);
    expect(rendering.notes).toContain("Fetch: offlineimap");
  });

  test.each(["/home/anna/.offlineimaprc", `${CONFIG}/config`])("stays out of the user's own %s", async (path) => {
    const rendering = await render(
      [mailAccount("anna@mail.test")],
      { env: { HOME: "/home/anna" } },
      { [path]: "[general]\n" },
    );
    expect(rendering.edits.map((edit) => edit.path)).toEqual([`${CONFIG}/mailkey.conf`, `${CONFIG}/mailkey.py`]);
    expect(rendering.notes).toContain(`Fetch:\n    offlineimap -c ${CONFIG}/mailkey.conf`);
  });

  test("doubles percent signs, which its configuration takes for references, and quotes the command for Python", async () => {
    const hostile = mailAccount(`o'%(x)s"\\b@mail.test`);
    const text = textFor(await render([hostile]), "/home/anna/.offlineimaprc");
    expect(text).toContain(`remoteuser = o'%%(x)s"\\b@mail.test\n`);
    expect(text).toContain(
      `oauth2_access_token_eval = MailkeyToken("/usr/local/bin/mailkey", "token", "o'%%(x)s\\"\\\\b@mail.test")\n`,
    );
  });

  test("checks certificates, against the user's own authorities where there are some", async () => {
    const account = mailAccount("anna@mail.test");
    expect(textFor(await render([account]), "/home/anna/.offlineimaprc")).toContain("sslcacertfile = OS-DEFAULT\n");
    const text = textFor(await render([account], { caFile: "/etc/ca.pem" }), "/home/anna/.offlineimaprc");
    expect(text).toContain("sslcacertfile = /etc/ca.pem\n");
  });

  test("refuses STARTTLS, without which OfflineIMAP would go on in the clear", () => {
    const account = mailAccount("anna@mail.test", {
      servers: { imap: { host: "imap.mail.test", port: 143, security: "starttls" } },
    });
    expect(() => offlineimap.render(renderRequest([account]))).toThrow("not safe with STARTTLS");
  });
});
