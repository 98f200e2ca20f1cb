import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineCheck } from "../../../src/doctor/check.ts";
import { CHECK_GROUPS } from "../../../src/doctor/checks.ts";
import { gpgAgent } from "../../../src/doctor/checks/gpg-agent.ts";
import { gpgKey } from "../../../src/doctor/checks/gpg-key.ts";
import { gpgKeyExpiry } from "../../../src/doctor/checks/gpg-key-expiry.ts";
import { gpgPinentry } from "../../../src/doctor/checks/gpg-pinentry.ts";
import { gpgProgram as gpgProgramCheck } from "../../../src/doctor/checks/gpg-program.ts";
import { passphraseSource } from "../../../src/doctor/checks/passphrase-source.ts";
import { unattended } from "../../../src/doctor/checks/unattended.ts";
import { vaultSettings } from "../../../src/doctor/checks/vault-settings.ts";
import { run } from "../../../src/platform/process.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { createGpgKey } from "../../../src/vault/gpg-keys.ts";
import { gpgProgram } from "../../../src/vault/gpg.ts";
import { saveVaultSettings, type GpgSettings } from "../../../src/vault/settings.ts";
import { configureAgent, gnupgHome, maySkip, writeExecutable, writeSecretFile } from "../../vault/support.ts";
import { DoctorHome } from "../home.ts";

const PASSPHRASE = "correct horse battery staple";
const VAULT_CHECKS = CHECK_GROUPS.find(({ title }) => title === "Vault")?.checks ?? [];

describe.skipIf(maySkip("gpg", "gpgconf", "gpg-connect-agent"))("with a gpg vault:", () => {
  let home: DoctorHome;
  let gnupg: ReturnType<typeof gnupgHome>;
  /** Keys are made once: that is what takes time. */
  let open = "";
  let locked = "";

  beforeAll(async () => {
    home = await DoctorHome.healthy();
    gnupg = gnupgHome(home.folder);
    // Where gpg looks by itself: cron finds the key, too.
    renameSync(gnupg.path, join(home.folder, ".gnupg"));
    delete home.env["GNUPGHOME"];
    open = (await createGpgKey(gpgProgram(home.env), undefined)).fingerprint;
    locked = (await createGpgKey(gpgProgram(home.env), new Secret(PASSPHRASE))).fingerprint;
  });
  afterAll(async () => {
    await run("gpgconf", ["--homedir", folder(), "--kill", "all"]);
    home.dispose();
  });
  beforeEach(async () => {
    use({ recipient: open });
    await configureAgent(folder(), "");
    await home.storeCredential();
  });
  afterEach(() => rmSync(join(folder(), "gpg.conf"), { force: true }));

  const folder = () => join(home.folder, ".gnupg");
  const use = (gpg: GpgSettings) => saveVaultSettings(home.paths, { folder: "vault", active: "gpg", gpg });
  /** Which checks of the vault find an error. */
  const reporters = async (change: Parameters<DoctorHome["examine"]>[1] = {}) => {
    const findings = await home.examine(VAULT_CHECKS, change);
    return [...new Set(findings.filter(({ severity }) => severity === "error").map(({ check }) => check))];
  };
  /** One finding of one check, and of no other. */
  const only = async (check: MachineCheck, change: Parameters<DoctorHome["examine"]>[1] = {}) => {
    expect(await reporters(change)).toEqual([check.id]);
    const [finding, ...more] = await home.examine(check, change);
    expect(more).toEqual([]);
    return finding;
  };
  const pinentry = (answer: string) =>
    writeExecutable(
      join(home.folder, "pinentry-answering"),
      `#!/bin/sh\necho OK\nwhile read -r c rest; do case $c in GETPIN) ${answer};; BYE) echo OK; exit;; *) echo OK;; esac; done\n`,
    );

  test("a key without passphrase that never expires yields nothing", async () => {
    rmSync(home.path("state", "vault", "me@hotmail.com.age"), { force: true });
    expect(await reporters()).toEqual([]);
    for (const check of [gpgKeyExpiry, gpgPinentry, unattended]) expect(await home.examine(check)).toEqual([]);
  });

  test("gpg that is not installed", async () => {
    const without = (PATH: string) => only(gpgProgramCheck, { env: { ...home.env, PATH } });
    mkdirSync(join(home.folder, "debian"));
    writeExecutable(join(home.folder, "debian", "apt"), "#!/bin/sh\n");
    expect((await without(join(home.folder, "debian")))?.remedy).toEqual(["sudo apt install gnupg"]);
    expect(await without("/nonexistent")).toMatchObject({
      remedy: [],
      advice: expect.stringContaining("On other systems"),
    });
    use({ recipient: open, program: "/nonexistent/gpg" });
    await home.follow(await only(gpgProgramCheck));
    expect(await reporters()).toEqual([]);
  });

  test("a vault.toml that is lost while its credentials are there", async () => {
    rmSync(home.path("config", "vault.toml"));
    await home.follow(await only(vaultSettings));
    expect(await reporters()).toEqual([]);
    expect(readFileSync(home.path("config", "vault.toml"), "utf8")).toContain(open);
  });

  test("a key that is not there", async () => {
    use({ recipient: "D".repeat(40) });
    const finding = await only(gpgKey);
    expect(finding?.seen).toContain("there is no such key");
    await home.follow(finding);
    expect(await reporters()).toEqual([]);
  });

  test("a key whose secret half is not there", async () => {
    const keys = join(folder(), "private-keys-v1.d");
    renameSync(keys, `${keys}.away`);
    try {
      await configureAgent(folder(), "");
      const finding = await only(gpgKey);
      expect(finding?.seen).toContain("is not in this gpg");
    } finally {
      rmSync(keys, { recursive: true, force: true });
      renameSync(`${keys}.away`, keys);
    }
  });

  test("a key that expires soon, that has expired, and that is made to last by the commands", async () => {
    const quick = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    const expire = (when: string, ...more: string[]) =>
      run("gpg", [...quick, ...more, "--quick-set-expire", open, when], { env: home.env });
    home.clock.wallMs = Date.now();
    await expire("60d");
    expect(await home.examine(gpgKeyExpiry)).toEqual([]);
    await expire("20d");
    const [soon] = await home.examine(gpgKeyExpiry);
    expect(soon).toMatchObject({ severity: "warning", seen: expect.stringMatching(/in (19|20) days$/) });
    await home.follow(soon);
    expect(await home.examine(gpgKeyExpiry)).toEqual([]);
    await expire("seconds=1");
    while ((await home.examine(gpgKey)).length === 0) await Bun.sleep(100); // until that second is over
    const finding = await only(gpgKey);
    expect(finding?.seen).toContain("the key has expired");
    await home.follow(finding);
    expect(await reporters()).toEqual([]);
    await expire("0");
  });

  test("a subkey for encryption that expires before its key", async () => {
    home.clock.wallMs = Date.now();
    await run("gpg", ["--batch", "--quick-set-expire", open, "20d", "*"], { env: home.env });
    const [finding] = await home.examine(gpgKeyExpiry);
    expect(finding?.seen).toContain(open);
    await home.follow(finding);
    expect(await home.examine(gpgKeyExpiry)).toEqual([]);
    await run("gpg", ["--batch", "--quick-set-expire", open, "seconds=1", "*"], { env: home.env });
    while ((await home.examine(gpgKey)).length === 0) await Bun.sleep(100); // until that second is over
    await home.follow(await only(gpgKey));
    expect(await reporters()).toEqual([]);
  });

  test("an agent that does not take the passphrase which mailkey has", async () => {
    const file = writeSecretFile(join(home.folder, "passphrase"), `${PASSPHRASE}\n`);
    use({ recipient: locked, passphrase_file: file });
    await home.storeCredential();
    await configureAgent(folder(), "no-grab\nno-allow-loopback-pinentry\n");
    await home.follow(await only(gpgAgent));
    expect(readFileSync(join(folder(), "gpg-agent.conf"), "utf8")).toBe("no-grab\n");
    expect(await reporters()).toEqual([]);
    expect(await home.examine(unattended)).toEqual([]);
  });

  test("a gpg.conf that wants the passphrase from a mailkey which has none", async () => {
    use({ recipient: locked });
    await home.storeCredential();
    writeFileSync(join(folder(), "gpg.conf"), "# mine\npinentry-mode loopback\n");
    const finding = await only(gpgAgent);
    await home.follow(finding);
    expect(readFileSync(join(folder(), "gpg.conf"), "utf8")).toBe("# mine\n");
  });

  test("an agent that cannot be started", async () => {
    await run("gpgconf", ["--kill", "gpg-agent"], { env: home.env });
    writeFileSync(join(folder(), "gpg.conf"), "agent-program /nonexistent/gpg-agent\n");
    await home.follow(await only(gpgAgent));
    expect(await reporters()).toEqual([]);
  });

  test("a pinentry that does not exist", async () => {
    use({ recipient: locked });
    await home.storeCredential();
    await configureAgent(folder(), "pinentry-program /nonexistent/pinentry\n");
    const finding = await only(gpgPinentry);
    expect(finding?.seen).toContain("/nonexistent/pinentry, which does not exist");
    await home.follow(finding);
    expect(readFileSync(join(folder(), "gpg-agent.conf"), "utf8")).toBe("");
  });

  test("a passphrase that nobody can be asked for", async () => {
    use({ recipient: locked });
    await home.storeCredential();
    await configureAgent(
      folder(),
      `pinentry-program ${pinentry('echo "ERR 83918950 Inappropriate ioctl <Pinentry>"')}\n`,
    );
    const finding = await only(gpgPinentry);
    expect(finding?.remedy).toContain("export GPG_TTY=$(tty)");
  });

  test("a passphrase file that holds another passphrase, and is corrected in the editor", async () => {
    const file = writeSecretFile(join(home.folder, "passphrase"), "wrong\n");
    use({ recipient: locked, passphrase_file: file });
    await home.storeCredential();
    const finding = await only(passphraseSource);
    expect(finding?.seen).toBe("the passphrase of the gpg key is wrong");
    const EDITOR = writeExecutable(join(home.folder, "editor"), `#!/bin/sh\necho '${PASSPHRASE}' > "$1"\n`);
    await home.follow(finding, { EDITOR });
    expect(await reporters()).toEqual([]);
  });

  test("a passphrase that the agent remembers only for a while: nobody is there at night", async () => {
    use({ recipient: locked });
    await home.storeCredential();
    const curses = join(home.folder, "pinentry-curses");
    rmSync(curses, { force: true });
    symlinkSync(pinentry(`echo "D ${PASSPHRASE}"; echo OK`), curses);
    await configureAgent(folder(), `pinentry-program ${curses}\n`);
    expect(await reporters()).toEqual([]);
    const [night] = await home.examine(unattended);
    expect(night).toMatchObject({ severity: "warning", remedy: ["mailkey vault move age --identity default"] });
    // The link leads to a program of another name: that one is not known to draw on a terminal.
    expect(await home.examine(gpgPinentry)).toEqual([]);
    rmSync(curses);
    renameSync(join(home.folder, "pinentry-answering"), curses);
    const [finding] = await home.examine(gpgPinentry);
    expect(finding).toMatchObject({ severity: "warning", seen: expect.stringContaining("pinentry-curses") });
    expect(await home.examine(gpgPinentry, { env: { ...home.env, GPG_TTY: "/dev/pts/0" } })).toEqual([]);
    await home.follow(night);
    expect(await home.examine(unattended)).toEqual([]);
  });

  test("a key that only GNUPGHOME leads to", async () => {
    const elsewhere = join(home.folder, "keys");
    renameSync(folder(), elsewhere);
    try {
      home.env["GNUPGHOME"] = elsewhere;
      expect(await reporters()).toEqual([]);
      const [finding] = await home.examine(unattended);
      expect(finding?.seen).toContain("which only GNUPGHOME tells");
      await home.follow(finding);
      expect(await home.examine(unattended)).toEqual([]);
    } finally {
      await run("gpgconf", ["--homedir", elsewhere, "--kill", "all"]);
      renameSync(elsewhere, folder());
      delete home.env["GNUPGHOME"];
    }
  });
});
