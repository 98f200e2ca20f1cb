import { expect, test } from "bun:test";
import { unifiedDiff } from "../../src/clients/diff.ts";

const SECRET = "hunter-22-hunter";

const diff = (before: string, after: string) => unifiedDiff({ path: "/f", before, after, newMode: 0o600 }, "f", false);

/** What somebody wrote into mailkey's part, as it goes. */
const removed = (line: string) => diff(`one\n${line}\ntwo\n`, "one\ntwo\n");

test.each([
  `\ttoken = ${SECRET}`,
  `\textraHeader = Authorization: Basic ${SECRET}`,
  `passwordeval "echo ${SECRET}"`,
  `# the old one: ${SECRET}`,
  `(setq gptel-api-key "${SECRET}")`,
  SECRET,
])("lines of the user's around a change are not shown: %s", (line) => {
  expect(diff(`${line}\nold\n${line}\n`, `${line}\nnew\n${line}\n`)).toBe("f (changed)\n@@ -2,1 +2,1 @@\n-old\n+new\n");
});

test("a last line of the user's that had no newline is not shown, when a block comes after it and when it goes", () => {
  const [own, whole] = [`token = ${SECRET}`, `token = ${SECRET}\nblock`];
  expect(diff(own, whole)).toBe("f (changed)\n@@ -1,0 +2,1 @@\n+block\n");
  expect(diff(whole, own)).toBe("f (changed)\n@@ -2,1 +1,0 @@\n-block\n");
});

test.each([
  `password ${SECRET}`,
  `  Pass ${SECRET}`,
  `Pass = "${SECRET}"`,
  `set imap_pass = "${SECRET}"`,
  `set smtp_url = "smtp://old:${SECRET}@mail.test/"`,
  `set smtp_url = "smtp://old@mail.test:${SECRET}@mail.test:587/"`,
  `set folder = "imaps://old:p@${SECRET}@mail.test/"`,
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
])("a password in a line that goes is not shown: %s", (line) => {
  expect(removed(line)).not.toContain(SECRET);
  expect(removed(line)).toContain("…");
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
  expect(removed(line)).toContain(`\n-${line}\n`);
});
