/** Addresses may hold quotes and what shells expand: commands that mend must put them into files as they are, and run nothing. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineCheck } from "../../src/doctor/check.ts";
import { aercAccounts } from "../../src/doctor/checks/aerc-accounts.ts";
import { mbsyncHelper } from "../../src/doctor/checks/mbsync-helper.ts";
import { mbsyncServer } from "../../src/doctor/checks/mbsync-server.ts";
import { msmtpHelper } from "../../src/doctor/checks/msmtp-helper.ts";
import { msmtpServer } from "../../src/doctor/checks/msmtp-server.ts";
import { muttHelper } from "../../src/doctor/checks/mutt-helper.ts";
import { readIni } from "../../src/doctor/configs/ini.ts";
import { readMbsync } from "../../src/doctor/configs/mbsync.ts";
import { readMsmtp } from "../../src/doctor/configs/msmtp.ts";
import { readMutt } from "../../src/doctor/configs/mutt.ts";
import { withPrograms } from "../e2e/programs.ts";
import { Patient } from "./patient.ts";

const ADDRESS = "a'\"$(touch${IFS}hacked)`touch${IFS}hacked`&|\\1/%(x)#;*b@mail.test";

const server = (port: number) => ({ host: "localhost", port, security: "tls" }) as const;

let patient: Patient;
beforeEach(async () => {
  patient = await Patient.admit({
    mailkey: "@/bin/mailkey",
    account: { address: ADDRESS, servers: { imap: server(993), smtp: server(465) } },
  });
  patient.write("bin/mailkey", `#!/bin/sh\nprintf %s "$2" > '${patient.home}/argument'\n`, 0o700);
});
afterEach(() => patient.discharge());

async function sh(line: string): Promise<void> {
  const shell = Bun.spawn(["/bin/sh", "-c", line], { cwd: patient.home, stderr: "pipe" });
  if ((await shell.exited) !== 0) throw new Error(`${line}: ${await new Response(shell.stderr).text()}`);
}

async function mend(checks: readonly MachineCheck[]): Promise<void> {
  for (const check of checks) {
    for (const { remedy } of await check.examine(patient.machine)) for (const line of remedy) await sh(line);
  }
  for (const check of checks) expect(await check.examine(patient.machine)).toEqual([]);
}

/** The program's command, run as the program does: through a shell. */
async function expectArgument(command: string | undefined): Promise<void> {
  await sh(command ?? "false");
  expect(readFileSync(join(patient.home, "argument"), "utf8")).toBe(ADDRESS);
  expect(existsSync(join(patient.home, "hacked"))).toBe(false);
}

withPrograms(["mbsync", "msmtp", "mutt", "aerc"])("the commands of a finding", () => {
  test("put the address into mbsync's file, and its helper is given it", async () => {
    const quoted = `"${ADDRESS.replace(/["\\]/g, String.raw`\$&`)}"`;
    patient.write(
      ".mbsyncrc",
      `IMAPAccount x\nHost localhost\nUser ${quoted}\nSSLType IMAPS\nAuthMechs XOAUTH2\nPassCmd "none token"\n`,
    );
    await mend([mbsyncServer, mbsyncHelper]);
    const [account] = readMbsync(patient.machine);
    expect(account?.settings.get("user")?.value).toBe(ADDRESS);
    await expectArgument(account?.settings.get("passcmd")?.value);
  });

  test("put the address into msmtp's file, and its helper is given it", async () => {
    patient.write(".msmtprc", `account x\nhost localhost\nfrom ${ADDRESS}\nauth xoauth2\npasswordeval none token\n`);
    await mend([msmtpServer, msmtpHelper]);
    const [account] = readMsmtp(patient.machine);
    expect(account?.settings.get("user")?.value).toBe(ADDRESS);
    await expectArgument(account?.settings.get("passwordeval")?.value);
  });

  test("put the address into mutt's file, and its helper is given it", async () => {
    const user = ADDRESS.replace(/["\\$`]/g, String.raw`\$&`);
    patient.write(".muttrc", `set imap_user = "${user}"\nset imap_oauth_refresh_command = "none token"\n`);
    await mend([muttHelper]);
    await expectArgument(readMutt(patient.machine, "mutt")?.settings.get("imap_oauth_refresh_command")?.value);
  });

  test("put the address into aerc's file, and its helper is given it", async () => {
    const path = patient.write(
      ".config/aerc/accounts.conf",
      `[x]\nsource = imaps+xoauth2://${encodeURIComponent(ADDRESS).replaceAll("'", "%27")}@localhost\n`,
    );
    await mend([aercAccounts]);
    const [account] = readIni(path);
    await expectArgument(account?.settings.get("source-cred-cmd")?.value);
  });
});
