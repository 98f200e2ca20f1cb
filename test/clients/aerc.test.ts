import { describe, expect, test } from "bun:test";
import { aerc } from "../../src/clients/aerc.ts";
import type { MailAccount, Rendering, RenderRequest } from "../../src/clients/recipe.ts";
import { mailAccount, renderRequest, textFor } from "./rendering.ts";

const PATH = "/home/anna/.config/aerc/accounts.conf";
const OLD: Partial<RenderRequest> = { program: { path: "/usr/bin/aerc", version: "0.14.0" } };

const render = (accounts: RenderRequest["accounts"], overrides: Partial<RenderRequest> = {}, own?: string) =>
  aerc.render(
    renderRequest(accounts, { env: { HOME: "/home/anna" }, ...overrides }, own === undefined ? {} : { [PATH]: own }),
  ) as Rendering;
const textOf = (account: MailAccount) => textFor(render([account]), PATH);

describe("aerc's accounts.conf", () => {
  test("has a section for each account", () => {
    const text = textFor(render([mailAccount("anna@mail.test"), mailAccount("bob@mail.test")], OLD), PATH);
    expect(text.split("\n[bob-mail-test]\n")[0]).toBe(`[anna-mail-test]
source = imaps+xoauth2://anna%40mail.test@imap.mail.test:993
source-cred-cmd = /usr/local/bin/mailkey token anna@mail.test
outgoing = smtp+xoauth2://anna%40mail.test@smtp.mail.test:587
outgoing-cred-cmd = /usr/local/bin/mailkey token anna@mail.test
outgoing-cred-cmd-cache = false
smtp-starttls = yes
from = <anna@mail.test>
default = INBOX
`);
    expect(text).toContain("/usr/local/bin/mailkey token bob@mail.test\n");
  });

  test("lacks the setting for STARTTLS that newer versions warn of", () => {
    expect(textOf(mailAccount("anna@mail.test"))).not.toContain("smtp-starttls");
    const account = mailAccount("anna@mail.test", {
      servers: {
        imap: { host: "imap.mail.test", port: 143, security: "starttls" },
        smtp: { host: "smtp.mail.test", port: 465, security: "tls" },
      },
    });
    const text = textFor(render([account], OLD), PATH);
    expect(text).not.toContain("smtp-starttls");
    expect(text).toContain("imap+xoauth2://");
    expect(text).toContain("smtps+xoauth2://");
  });

  test("puts what its parser would cut into backticks, and keeps it from filling in other keys", () => {
    const text = textOf(mailAccount("a#b;c%(source)s@mail.test"));
    const line = (key: string) => text.split("\n").find((each) => each.startsWith(`${key} = `));
    expect(line("source-cred-cmd")).toBe(
      "source-cred-cmd = `/usr/local/bin/mailkey token 'a#b;c%''(source)s@mail.test'`",
    );
    expect(line("from")).toBe('from = `<"a#b;c%\\(source)s"@mail.test>`');
    expect(line("source")).toContain("//a%23b%3Bc%25(source)s%40mail.test@");
  });

  test("is not written where the user has such a section", () => {
    const own = `; mine
[work]
source = imaps://anna%40work.test@imap.work.test

[private]
from = Anna <anna@mail.test>
source = imaps+oauthbearer://anna%40mail.test@IMAP.mail.test:993
[anna-mail-test]
source = maildir://~/Maildir
`;
    expect(render([mailAccount("anna@mail.test")], {}, own).handMade).toEqual([
      { path: PATH, line: 5, address: "anna@mail.test" },
      { path: PATH, line: 8, address: "anna@mail.test" },
    ]);
    expect(render([mailAccount("bob@mail.test")], {}, own).handMade).toEqual([]);
  });

  test("comes with a warning that the token to read with is asked for once", () => {
    const notes = render([mailAccount("anna@mail.test")], { caFile: "/etc/my ca.pem" }).notes.join("\n");
    expect(notes).toContain("quit and start it again");
    expect(notes).toContain("SSL_CERT_FILE='/etc/my ca.pem' aerc");
  });

  test("is refused to versions without XOAUTH2", () => {
    expect(() => render([mailAccount("anna@mail.test")], { program: { path: "/x", version: "0.12.0" } })).toThrow(
      "aerc 0.12.0 is too old",
    );
  });
});
