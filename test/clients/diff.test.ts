import { expect, test } from "bun:test";
import { unifiedDiff } from "../../src/clients/diff.ts";

const SECRET = "hunter-22-hunter";

const shown = (line: string) =>
  unifiedDiff({ path: "/f", before: `${line}\nold\n`, after: `${line}\nnew\n`, newMode: 0o600 }, "f", false);

test.each([
  `password ${SECRET}`,
  `  Pass ${SECRET}`,
  `Pass = "${SECRET}"`,
  `set imap_pass = "${SECRET}"`,
  `set smtp_url = "smtp://old:${SECRET}@mail.test/"`,
  `source = imaps://you%40mail.test:${SECRET}@mail.test:993`,
  `remotepass: ${SECRET}`,
  `machine mail.test login you password ${SECRET} port 993`,
  `account = IMAP { server = 'mail.test', username = 'you', password = '${SECRET}' }`,
  `(setq smtp '(:user "you" :password "${SECRET}"))`,
  `passphrase: ${SECRET}`,
  `(setq old-password "${SECRET}")`,
  `backend.auth.raw = "${SECRET}"`,
  `backend.auth.client-secret.raw = "${SECRET}"`,
  `backend.auth.refresh-token = { raw = "${SECRET}" }`,
  `oauth2_client_secret = ${SECRET}`,
  `"refresh_token": "${SECRET}",`,
  `    access_token: ${SECRET}`,
])("a password in a line of the user's is not shown: %s", (line) => {
  expect(shown(line)).not.toContain(SECRET);
  expect(shown(line)).toContain("…");
});

test("a password in a last line without a newline is not shown on either side", () => {
  const before = `password ${SECRET}`;
  const text = unifiedDiff({ path: "/f", before, after: `${before}\nnew`, newMode: 0o600 }, "f", false);
  expect(text).not.toContain(SECRET);
});

test.each([
  'passwordeval "/usr/bin/mailkey token you@hotmail.com"',
  'PassCmd "/usr/bin/mailkey token you@hotmail.com"',
  'password_command = ("/usr/bin/mailkey", "token", "you@hotmail.com")',
  "source-cred-cmd = /usr/bin/mailkey token you@hotmail.com",
  "source = imaps+xoauth2://you%40hotmail.com@outlook.office365.com:993",
  'set folder = "imaps://you%40hotmail.com@outlook.office365.com:993/"',
  'set imap_authenticators = "xoauth2"',
  'backend.auth.refresh-token.cmd = "/usr/bin/mailkey token you@hotmail.com"',
  "oauth2_access_token_eval = get_token()",
])("a command, or an address without a password, is shown whole: %s", (line) => {
  expect(shown(line)).toContain(` ${line}\n`);
});
