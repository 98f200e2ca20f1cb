import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, constantFrom, property, string } from "fast-check";
import { readIni } from "../../../src/doctor/configs/ini.ts";
import { parseMbsync } from "../../../src/doctor/configs/mbsync.ts";
import { parseMsmtp } from "../../../src/doctor/configs/msmtp.ts";
import { readMutt } from "../../../src/doctor/configs/mutt.ts";
import type { ProgramAccount } from "../../../src/doctor/configs/setting.ts";
import { Patient } from "../patient.ts";

function plain(accounts: readonly ProgramAccount[]): Record<string, Record<string, string>> {
  return Object.fromEntries(
    accounts.map(({ name, settings }) => [
      name,
      Object.fromEntries([...settings].map(([key, { value, line }]) => [key, `${line}: ${value}`])),
    ]),
  );
}

describe("mbsync's file", () => {
  test("is read by section, with quotes, comments and stores that are accounts themselves", () => {
    const text = `# comment
IMAPAccount work
HOST "mail.example"
# not the end of a section
PassCmd "+\\"/opt/my tools/mailkey\\" token a@b"
Pass s3cret

IMAPStore inline
Host imap.example
authmechs XOAUTH2 LOGIN

IMAPStore plain
Account work

MaildirStore local
Path ~/Mail/
`;
    expect(plain(parseMbsync(text, "f"))).toEqual({
      work: { host: "3: mail.example", passcmd: '5: +"/opt/my tools/mailkey" token a@b', pass: "6: " },
      inline: { host: "9: imap.example", authmechs: "10: XOAUTH2 LOGIN" },
    });
  });
});

describe("msmtp's file", () => {
  test("is read with defaults, inheritance and quotes; aliases count as nothing of their own", () => {
    const text = `defaults
tls on
  auth   xoauth2

account a
host one.example
passwordeval "sh -c \\"x\\""
password s3cret
account b : a
host two.example
account default : a
`;
    const tls = { tls: "2: on", auth: "3: xoauth2" };
    const a = { ...tls, host: "6: one.example", passwordeval: '7: sh -c \\"x\\"', password: "8: " };
    expect(plain(parseMsmtp(text, "f"))).toEqual({ a, b: { ...a, host: "10: two.example" } });
  });
});

describe("mutt's files", () => {
  test("are read with quotes, several settings on a line, continuations and sourced files", async () => {
    const patient = await Patient.admit();
    patient.write(".mutt/more", `set smtp_authenticators='xoauth2'\n`);
    patient.write(
      ".mutt/muttrc",
      `# set imap_user = "no"
set imap_user=a@b imap_pass = "s3cret"  # set x = y
set imap_oauth_refresh_command = \\
  "/usr/bin/mailkey token \\"a b\\"@c"
source more
source "echo hello|"
set nossl_starttls
unset smtp_url
set smtp_authenticators
`,
    );
    const account = readMutt(patient.machine, "mutt");
    const found = account === undefined ? {} : plain([account])["mutt"];
    expect(found).toEqual({
      imap_user: "2: a@b",
      imap_pass: "2: ",
      imap_oauth_refresh_command: '3: /usr/bin/mailkey token "a b"@c',
      ssl_starttls: "7: no",
      smtp_authenticators: "9: yes",
    });
    expect(account?.settings.get("imap_user")?.isShared).toBe(true);
    expect(account?.settings.get("ssl_starttls")?.isShared).toBe(false);
    patient.discharge();
  });

  test("that source themselves come to an end", async () => {
    const patient = await Patient.admit();
    const path = patient.write(".muttrc", "set imap_user = a\nsource ~/.muttrc\n");
    expect(readMutt(patient.machine, "neomutt")?.settings.get("imap_user")?.file).toBe(path);
    patient.discharge();
  });
});

test("nothing makes a parser fail", () => {
  const folder = mkdtempSync(join(tmpdir(), "mailkey-parsers-"));
  const file = join(folder, "f");
  const text = string({
    unit: constantFrom(..."a=\"'\\#[]: \n\t;$`é\0".split(""), "set", "account", "IMAPAccount x\nHost "),
    maxLength: 60,
  });
  assert(
    property(text, (content) => {
      writeFileSync(file, content);
      parseMbsync(content, file);
      parseMsmtp(content, file);
      readIni(file);
    }),
  );
  rmSync(folder, { recursive: true });
});
