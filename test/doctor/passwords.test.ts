/** Passwords stand on the same lines as what is wrong: no finding, and no command that mends, shows them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Finding, MachineCheck } from "../../src/doctor/check.ts";
import { aercAccounts } from "../../src/doctor/checks/aerc-accounts.ts";
import { mbsyncHelper } from "../../src/doctor/checks/mbsync-helper.ts";
import { msmtpHelper } from "../../src/doctor/checks/msmtp-helper.ts";
import { muttHelper } from "../../src/doctor/checks/mutt-helper.ts";
import { withPrograms } from "../e2e/programs.ts";
import { Patient } from "./patient.ts";

const PASSWORD = "hunter-22-hunter";
const server = (port: number) => ({ host: "localhost", port, security: "tls" }) as const;

let patient: Patient;
beforeEach(async () => {
  patient = await Patient.admit({
    mailkey: "@/bin/mailkey",
    account: { address: "me@mail.test", servers: { imap: server(993), smtp: server(465) } },
  });
  patient.write("bin/mailkey", "#!/bin/sh\n", 0o700);
});
afterEach(() => patient.discharge());

async function findingsWithoutPassword(check: MachineCheck): Promise<readonly Finding[]> {
  const findings = await check.examine(patient.machine);
  expect(findings).not.toEqual([]);
  expect(JSON.stringify(findings)).not.toContain(PASSWORD);
  return findings;
}

/** What a terminal makes of a command: a tab is so many spaces. */
function typed(line: string): Promise<number | null> {
  const shell = spawn("/bin/sh", ["-c", line.replaceAll("\t", " ")], { stdio: "ignore" });
  return new Promise((resolve) => shell.on("close", resolve));
}

withPrograms(["mbsync", "msmtp", "mutt", "aerc"])("a password", () => {
  test.each([
    [mbsyncHelper, ".mbsyncrc", `IMAPAccount\tx # ${PASSWORD}\nHost localhost\nUser me@mail.test\n`, "PassCmd"],
    [msmtpHelper, ".msmtprc", `account x : y # ${PASSWORD}\nhost localhost\nuser me@mail.test\n`, "passwordeval"],
    [muttHelper, ".muttrc", `set imap_user=me@mail.test\nset imap_authenticators=xoauth2 # ${PASSWORD}\n`, "command"],
    [
      aercAccounts,
      ".config/aerc/accounts.conf",
      `[x]\nsource=imaps+xoauth2://me%40mail.test:${PASSWORD}@localhost\n`,
      "source-cred-cmd",
    ],
  ] as const)(
    "behind the place of a new line is not shown, and stays where it is (%#)",
    async (check, name, text, setting) => {
      const path = patient.write(name, text);
      for (const { remedy } of await findingsWithoutPassword(check)) {
        expect(remedy).not.toEqual([]);
        for (const line of remedy) expect(await typed(line)).toBe(0);
      }
      const mended = readFileSync(path, "utf8");
      expect(mended).toContain(setting);
      for (const line of text.trim().split("\n")) expect(mended).toContain(`${line}\n`);
    },
  );

  test("between settings of mutt's on one line is left to an editor", async () => {
    const path = patient.write(
      ".muttrc",
      `set imap_user=me@mail.test imap_authenticators=xoauth2 imap_pass=${PASSWORD}\n`,
    );
    const [finding] = await findingsWithoutPassword(muttHelper);
    expect(finding?.remedy).toEqual([`\${EDITOR:-nano} +1 ${path}`]);
    expect(finding?.advice).toStartWith("Write below that line: set imap_oauth_refresh_command = ");
  });
});
