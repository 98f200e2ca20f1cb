/** AppArmor is not in every kernel: Debian's real profile in a root of the test's own, read by the real parser where it is changed. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTokenFile } from "../../../src/accounts/set-token-file.ts";
import { tokenFilePath } from "../../../src/accounts/token-file.ts";
import { isAllowed } from "../../../src/doctor/apparmor.ts";
import { msmtpApparmor } from "../../../src/doctor/checks/msmtp-apparmor.ts";
import { isInMemory } from "../../../src/platform/memory-folder.ts";
import { VERSION } from "../../../src/version.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { only, Patient } from "../patient.ts";

const PROFILE = "/etc/apparmor.d/usr.bin.msmtp";
const LOADED = "/sys/kernel/security/apparmor/profiles";

withPrograms(["msmtp", "apparmor_parser"])("AppArmor's profile of msmtp", () => {
  let patient: Patient;
  beforeEach(async () => {
    patient = await Patient.admit({ mailkey: "@/bin/mailkey" });
    patient.write("bin/mailkey", "#!/bin/sh\n", 0o700);
    useHelper(join(patient.home, "bin/mailkey"));
    patient.writeSystem("/sys/module/apparmor/parameters/enabled", "Y\n");
    patient.writeSystem(PROFILE, readFileSync(PROFILE, "utf8"));
  });
  afterEach(() => patient.discharge());

  function useHelper(command: string): void {
    patient.write(
      ".msmtprc",
      `account default\nhost localhost\nuser anna@mail.test\npasswordeval "${command} token anna@mail.test"\n`,
    );
  }

  const examine = async () => msmtpApparmor.examine(patient.machine);

  test("that is in force forbids mailkey; the remedy allows just that, and the parser takes it", async () => {
    const finding = only(await examine());
    expect(finding.seen).toContain(`msmtp runs ${patient.home}/bin/mailkey, which AppArmor's profile`);
    const [edit = "", load = ""] = finding.remedy;
    expect(load).toBe(`sudo apparmor_parser -r ${PROFILE}`);
    const copy = patient.machine.system(PROFILE);
    const before = readFileSync(copy, "utf8");
    // The same command on the copy, without sudo.
    const sed = Bun.spawn(["/bin/sh", "-c", edit.replace(/^sudo /, "").replace(PROFILE, copy)]);
    expect(await sed.exited).toBe(0);
    const added = readFileSync(copy, "utf8")
      .split("\n")
      .filter((line) => !before.split("\n").includes(line));
    expect(added).toEqual([`    ${patient.home}/bin/mailkey Ux,`]);
    const parser = Bun.spawn(["apparmor_parser", "-QK", "-b", "/etc/apparmor.d", copy], { stderr: "pipe" });
    expect(await parser.exited).toBe(0);
    expect(await examine()).toEqual([]);
  });

  test.if(isInMemory("/dev/shm"))(
    "with an agent that runs, the remedy is a file that the profile lets cat read",
    async () => {
      const folder = mkdtempSync("/dev/shm/mailkey-");
      const paths = { ...patient.machine.paths, runtime: folder };
      const status = {
        version: VERSION,
        state: "unlocked" as const,
        started_by: "command" as const,
        token_files: { addresses: [] },
      };
      const machine = { ...patient.machine, paths, agent: async () => ({ kind: "running", status }) as const };
      const accounts = patient.machine.accounts.map((subject) => ({
        ...subject,
        machine: { ...machine, accounts: [] },
      }));
      const finding = only(await msmtpApparmor.examine({ ...machine, accounts }));
      const [command = "", edit = ""] = finding.remedy;
      expect(command).toBe("mailkey agent token-file anna@mail.test");
      setTokenFile(paths, "anna@mail.test", true);
      expect(await Bun.spawn(["/bin/sh", "-c", edit]).exited).toBe(0);
      expect(readFileSync(join(patient.home, ".msmtprc"), "utf8")).toEndWith(
        `\npasswordeval "/bin/cat ${tokenFilePath(paths, "anna@mail.test")}"\n`,
      );
      expect(await msmtpApparmor.examine({ ...machine, accounts })).toEqual([]);
      rmSync(folder, { recursive: true });
    },
  );

  test("says nothing where the kernel has no AppArmor, or has it off", async () => {
    patient.writeSystem("/sys/module/apparmor/parameters/enabled", "N\n");
    expect(await examine()).toEqual([]);
    rmSync(patient.machine.system("/sys/module/apparmor/parameters/enabled"));
    expect(await examine()).toEqual([]);
  });

  test("says nothing where the profile is switched off, or is not there", async () => {
    patient.writeSystem("/etc/apparmor.d/disable/usr.bin.msmtp", "");
    expect(await examine()).toEqual([]);
    rmSync(patient.machine.system("/etc/apparmor.d/disable/usr.bin.msmtp"));
    rmSync(patient.machine.system(PROFILE));
    expect(await examine()).toEqual([]);
  });

  test("is asked of the kernel where that can be read", async () => {
    patient.writeSystem(LOADED, "/usr/bin/man (enforce)\n");
    expect(await examine()).toEqual([]);
    patient.writeSystem(LOADED, "msmtp (complain)\n");
    expect(await examine()).toEqual([]);
    patient.writeSystem(LOADED, "msmtp (enforce)\nmsmtp//helpers (enforce)\n");
    expect(await examine()).toHaveLength(1);
  });

  test("lets the helpers run that it names", async () => {
    for (const command of ["cat", "/usr/bin/pass", "/bin/cat", "gpg"]) {
      useHelper(command);
      expect(await examine()).toEqual([]);
    }
  });

  test("with a path that is strange in every syntax is still one rule", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mailkey a&b|c*-"));
    const helper = join(folder, "mailkey");
    writeFileSync(helper, "#!/bin/sh\n", { mode: 0o700 });
    patient.write(
      ".msmtprc",
      `account default\nhost localhost\nuser anna@mail.test\npasswordeval '${helper}' token anna@mail.test\n`,
    );
    const [edit = ""] = only(await examine()).remedy;
    const copy = join(folder, "profile");
    copyFileSync(PROFILE, copy);
    const sed = Bun.spawn(["/bin/sh", "-c", edit.replace(/^sudo /, "").replace(/\S+$/, `'${copy}'`)]);
    expect(await sed.exited).toBe(0);
    const parser = Bun.spawn(["apparmor_parser", "-QK", "-b", "/etc/apparmor.d", copy], { stderr: "pipe" });
    expect(await parser.exited).toBe(0);
    expect(isAllowed(readFileSync(copy, "utf8"), helper, "/root")).toBe(true);
    rmSync(folder, { recursive: true });
  });
});

describe("a profile's patterns", () => {
  const profile = (rule: string) =>
    `profile msmtp /usr/bin/msmtp {\n  /usr/bin/outer PUx,\n  profile helpers {\n    ${rule}\n  }\n}\n`;

  test.each([
    ["/usr/bin/gpg{,2} PUx,", "/usr/bin/gpg2", true],
    ["/{,usr/}bin/cat PUx,", "/bin/cat", true],
    ["@{HOME}/bin/* ix,", "/home/me/bin/mailkey", true],
    ["@{HOME}/bin/* ix,", "/home/me/bin/deep/mailkey", false],
    ["/home/** Ux,", "/home/me/bin/deep/mailkey", true],
    ["owner /home/me/mailkey px,", "/home/me/mailkey", true],
    ["/home/me/mailkey mr,", "/home/me/mailkey", false],
    ['"/home/me/a b" Ux,', "/home/me/a b", true],
    ["/opt/[a-c]x Ux,", "/opt/bx", true],
    ["/usr/bin/cat PUx,", "/usr/bin/outer", false],
    ["/opt/*[ Ux,", "/opt/x", false],
  ])("%s and %s: %p", (rule, path, allowed) => {
    expect(isAllowed(profile(rule), path, "/home/me")).toBe(allowed);
  });
});
