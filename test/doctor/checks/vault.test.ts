import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { saveAccount } from "../../../src/accounts/store.ts";
import { ageIdentity } from "../../../src/doctor/checks/age-identity.ts";
import { credential } from "../../../src/doctor/checks/credential.ts";
import { exposedKey } from "../../../src/doctor/checks/exposed-key.ts";
import { fileModes } from "../../../src/doctor/checks/file-modes.ts";
import { orphanedCredentials } from "../../../src/doctor/checks/orphaned-credentials.ts";
import { passphraseSource } from "../../../src/doctor/checks/passphrase-source.ts";
import { strayCredentials } from "../../../src/doctor/checks/stray-credentials.ts";
import { unattended } from "../../../src/doctor/checks/unattended.ts";
import { vaultCommands } from "../../../src/doctor/checks/vault-commands.ts";
import { vaultSettings } from "../../../src/doctor/checks/vault-settings.ts";
import { vaultWorks } from "../../../src/doctor/checks/vault-works.ts";
import { CHECK_GROUPS } from "../../../src/doctor/checks.ts";
import { run } from "../../../src/platform/process.ts";
import { saveVaultSettings, type VaultSettings } from "../../../src/vault/settings.ts";
import { writeExecutable, writeSecretFile } from "../../vault/support.ts";
import { ACCOUNT, ADDRESS, DoctorHome } from "../home.ts";

const OWN_CHECKS = CHECK_GROUPS.filter(({ title }) => title === "Files" || title === "Vault").flatMap(
  ({ checks }) => checks,
);

let home: DoctorHome;
beforeEach(async () => {
  home = await DoctorHome.healthy();
});
afterEach(() => home.dispose());

const identity = () => home.path("config", "age-identity.txt");
const stored = (name = ADDRESS) => home.path("state", "vault", `${name}.age`);
const use = (settings: Omit<VaultSettings, "folder">) =>
  saveVaultSettings(home.paths, { folder: "vault", ...settings });

/** Which checks of files and vault find something: each cause has one. */
const reporters = async () => {
  return [...new Set((await home.examine(OWN_CHECKS)).map(({ check }) => check))];
};

test("a healthy home yields nothing", async () => {
  expect(await reporters()).toEqual([]);
  expect(await home.examine(unattended)).toEqual([]);
});

describe("vault-settings", () => {
  test("sends to the editor when vault.toml is not understood", async () => {
    appendFileSync(home.path("config", "vault.toml"), "\n[gpg\n");
    expect(await reporters()).toEqual(["vault-settings"]);
    const [finding] = await home.examine(vaultSettings);
    expect(finding?.remedy[0]).toMatch(/^\$\{EDITOR:-nano\} \+[0-9]+ .*vault\.toml$/);
  });

  test("signs in where there is an account and neither vault nor credential", async () => {
    rmSync(home.path("config", "vault.toml"));
    rmSync(home.path("state"), { recursive: true });
    expect(await reporters()).toEqual(["vault-settings"]);
    const [finding] = await home.examine(vaultSettings);
    expect(finding?.remedy).toEqual([`mailkey login ${ADDRESS}`]);
    await home.follow(finding);
    expect(await reporters()).toEqual([]);
  });

  test("finds the vault again from what is stored when vault.toml is lost", async () => {
    rmSync(home.path("config", "vault.toml"));
    expect(await reporters()).toEqual(["vault-settings"]);
    await home.follow((await home.examine(vaultSettings))[0]);
    expect(await reporters()).toEqual([]);
  });

  test("asks for nothing before the first account", async () => {
    rmSync(home.folder, { recursive: true });
    expect(await home.examine(vaultSettings)).toEqual([]);
  });
});

describe("age-identity", () => {
  test("makes a new one when it is lost, and signs in again", async () => {
    rmSync(identity());
    expect(await reporters()).toEqual(["age-identity"]);
    const [finding] = await home.examine(ageIdentity);
    expect(finding?.seen).toBe(`the age identity ${identity()} does not exist`);
    await home.follow(finding);
    expect(await reporters()).toEqual([]);
  });

  test.each([
    // Another letter than the one that is there by chance: the checksum fits no more.
    [
      "damaged",
      () =>
        readFileSync(identity(), "utf8").replace(/(?<=AGE-SECRET-KEY-1.{10})./, (letter) =>
          letter === "Q" ? "P" : "Q",
        ),
    ],
    ["empty", () => "# nothing\n"],
    ["of a plugin", () => "AGE-PLUGIN-YUBIKEY-1QQPQYZ\n"],
  ])("puts one aside that is %s", async (_what, content) => {
    const before = readFileSync(identity(), "utf8");
    writeFileSync(identity(), content());
    if (readFileSync(identity(), "utf8") === before) throw new Error("nothing was changed");
    const [finding] = await home.examine(ageIdentity);
    expect(finding?.severity).toBe("error");
    await home.follow(finding);
    expect(existsSync(`${identity()}.old`)).toBeTrue();
    expect(await reporters()).toEqual([]);
  });

  test("leaves one that others can read to file-modes", async () => {
    chmodSync(identity(), 0o644);
    expect(await reporters()).toEqual(["file-modes"]);
    await home.follow((await home.examine(fileModes))[0]);
    expect(await reporters()).toEqual([]);
  });
});

describe("credential", () => {
  test("of an account that is not signed in is the command to type", async () => {
    rmSync(stored());
    expect(await reporters()).toEqual(["credential"]);
    const [finding] = await home.examine(credential);
    expect(finding).toMatchObject({ addresses: [ADDRESS], seen: `${ADDRESS} is not signed in` });
    await home.follow(finding);
    expect(await reporters()).toEqual([]);
  });

  test("that is damaged, or encrypted to another key, is signed in again", async () => {
    const whole = readFileSync(stored());
    const other = await DoctorHome.healthy();
    try {
      for (const broken of [whole.subarray(0, 100), readFileSync(other.path("state", "vault", `${ADDRESS}.age`))]) {
        writeFileSync(stored(), broken);
        expect(await reporters()).toEqual(["credential"]);
      }
    } finally {
      other.dispose();
    }
    await home.follow((await home.examine(credential))[0]);
    expect(await reporters()).toEqual([]);
  });

  test("that is in another vault than the active one is not thrown away", async () => {
    renameSync(stored(), home.path("state", "vault", `${ADDRESS}.gpg`));
    expect(await reporters()).toEqual(["credential"]);
    const [finding] = await home.examine(credential);
    expect(finding?.seen).toContain("(gpg)");
    await home.follow(finding);
    expect(await reporters()).toEqual([]);
  });
});

describe("stray-credentials", () => {
  test("name what another vault has left, in the same folder or another", async () => {
    copyFileSync(stored(), home.path("state", "vault", `${ADDRESS}.gpg`));
    mkdirSync(home.path("state", "vault-2"), { mode: 0o700 });
    copyFileSync(stored(), home.path("state", "vault-2", `${ADDRESS}.age`));
    expect(await reporters()).toEqual(["stray-credentials"]);
    const findings = await home.examine(strayCredentials);
    expect(findings.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
    for (const finding of findings) await home.follow(finding);
    expect(existsSync(stored())).toBeTrue();
    expect(await reporters()).toEqual([]);
  });
});

describe("orphaned-credentials", () => {
  test("name the account that is gone", async () => {
    copyFileSync(stored(), stored("gone@hotmail.com"));
    expect(await reporters()).toEqual(["orphaned-credentials"]);
    const [finding] = await home.examine(orphanedCredentials);
    expect(finding).toMatchObject({
      severity: "warning",
      remedy: ["mailkey add gone@hotmail.com"],
      advice: `Or give it up: rm ${stored("gone@hotmail.com")}.`,
    });
    expect(finding?.fix).toBeUndefined();
    saveAccount(home.paths, { ...ACCOUNT, address: "gone@hotmail.com" });
    expect(await home.examine(orphanedCredentials)).toEqual([]);
  });
});

describe("passphrase-source", () => {
  const file = () => join(home.folder, "pass phrase");
  beforeEach(async () => {
    rmSync(stored());
    writeSecretFile(file(), "correct horse\n");
    use({ active: "age", age: { passphrase_file: file() } });
  });

  test("writes a passphrase file that is missing or empty, with the editor", async () => {
    expect(await home.examine(passphraseSource)).toEqual([]);
    for (const spoil of [() => rmSync(file()), () => writeFileSync(file(), "")]) {
      spoil();
      const [finding] = await home.examine(passphraseSource);
      expect(finding?.seen).toContain(file());
      const editor = writeExecutable(join(home.folder, "editor"), '#!/bin/sh\necho "correct horse" > "$1"\n');
      await home.follow(finding, { EDITOR: editor });
      expect(await home.examine(passphraseSource)).toEqual([]);
      expect(await home.examine(fileModes)).toEqual([]);
    }
  }, 60_000);

  test("leaves a passphrase file that others can read to file-modes", async () => {
    chmodSync(file(), 0o640);
    expect(await home.examine(passphraseSource)).toEqual([]);
    expect((await home.examine(fileModes))[0]?.seen).toContain(file());
  });

  test("shows what the passphrase command says when it fails", async () => {
    use({ active: "age", age: { passphrase_command: "echo no such entry >&2; exit 3" } });
    const [finding] = await home.examine(passphraseSource);
    expect(finding?.seen).toBe("the passphrase command failed with status 3: no such entry");
    expect(finding?.remedy).toEqual(["sh -c 'echo no such entry >&2; exit 3' | wc -c"]);
  });
});

describe("vault-commands", () => {
  const commands = (encrypt: string, decrypt: string) => use({ active: "command", command: { encrypt, decrypt } });

  test("report what fails, what garbles, and nothing of what works", async () => {
    commands("tr a-z b-za", "tr b-za a-z");
    expect(await home.examine(vaultCommands)).toEqual([]);
    commands("tr a-z b-za", "echo broken pipe dream >&2; exit 4");
    const [failing] = await home.examine(vaultCommands);
    expect(failing?.seen).toBe("the vault's decrypt command failed with status 4: broken pipe dream");
    expect(failing?.remedy[0]).toBe("echo works | sh -c 'tr a-z b-za' | sh -c 'echo broken pipe dream >&2; exit 4'");
    commands("tr a-z b-za", "cat");
    expect((await home.examine(vaultCommands))[0]?.seen).toContain("does not decrypt to the same");
    commands("no-such-program", "cat");
    expect((await home.examine(vaultCommands))[0]?.seen).toContain("status 127");
  });

  test("are tried with cron's environment, too", async () => {
    mkdirSync(join(home.folder, "own"));
    writeExecutable(join(home.folder, "own", "rot"), "#!/bin/sh\nexec tr a-z b-za\n");
    home.env["PATH"] = `${join(home.folder, "own")}:${home.env["PATH"]}`;
    commands("rot", "tr b-za a-z");
    expect(await home.examine(vaultCommands)).toEqual([]);
    const [finding, ...more] = await home.examine(unattended);
    expect(more).toEqual([]);
    expect(finding?.seen).toContain("with cron's environment");
    expect(finding?.seen).toContain("status 127");
    commands(join(home.folder, "own", "rot"), "tr b-za a-z");
    expect(await home.examine(unattended)).toEqual([]);
  });
});

describe("a vault whose passphrase is typed", () => {
  beforeEach(() => {
    rmSync(stored());
    use({ active: "age", age: { passphrase: "prompt" } });
  });

  test("is reported by vault-works when nobody can be asked", async () => {
    const [finding] = await home.examine(vaultWorks);
    expect(finding?.seen).toBe("the vault's passphrase has to be typed, and there is no terminal");
  });

  test("is of no use to timers when somebody can be asked", async () => {
    const { Secret } = await import("../../../src/platform/secret.ts");
    const askPassphrase = () => Promise.resolve(new Secret("correct horse"));
    expect(await home.examine(vaultWorks, { askPassphrase })).toEqual([]);
    const [finding] = await home.examine(unattended, { askPassphrase });
    expect(finding).toMatchObject({ severity: "warning", remedy: ["mailkey vault move age --identity default"] });
  }, 60_000);
});

test("a vault that never answers is given up, and told once", async () => {
  use({ active: "command", command: { encrypt: "sleep 60", decrypt: "cat" } });
  const [finding] = await home.examine(vaultCommands, { vaultLimitMs: 100 });
  expect(finding?.seen).toContain("does not answer");
  expect(await home.examine(credential, { vaultLimitMs: 100 })).toEqual([]);
});

describe("exposed-key", () => {
  const git = (...words: string[]) => run("git", ["-C", home.path("config"), ...words], { env: home.env });

  test("keeps the identity out of a git repository that has not got it yet", async () => {
    expect(await home.examine(exposedKey)).toEqual([]);
    await git("init", "-q");
    const [finding] = await home.examine(exposedKey);
    expect(finding?.seen).toBe(`${identity()} may get into the git repository ${home.path("config")}`);
    await home.follow(finding);
    expect(await home.examine(exposedKey)).toEqual([]);
  });

  test("runs nothing that a repository out of somebody's archive names", async () => {
    const ran = join(home.folder, "ran");
    const program = writeExecutable(join(home.folder, "program"), `#!/bin/sh\necho "$0" >> '${ran}'\n`);
    await git("init", "-q");
    await git("config", "core.fsmonitor", program);
    expect(await home.examine(exposedKey)).toHaveLength(1);
    expect(existsSync(ran)).toBe(false);
    await git("ls-files");
    expect(existsSync(ran)).toBe(true); // git itself would
  });

  test("takes it out of one that has it, seen through links", async () => {
    const dotfiles = join(home.folder, "dotfiles");
    renameSync(home.path("config"), dotfiles);
    mkdirSync(dirname(home.path("config")), { recursive: true });
    symlinkSync(dotfiles, home.path("config"));
    await git("init", "-q");
    await git("add", "age-identity.txt");
    const [finding] = await home.examine(exposedKey);
    expect(finding?.seen).toBe(`${join(dotfiles, "age-identity.txt")} is in the git repository ${dotfiles}`);
    expect(finding?.advice).toContain("history");
    await home.follow(finding);
    expect(existsSync(identity())).toBeTrue();
    expect(await home.examine(exposedKey)).toEqual([]);
  });

  test("moves it out of a folder that Syncthing copies, and the vault goes on working", async () => {
    mkdirSync(home.path("config", ".stfolder"));
    const [finding] = await home.examine(exposedKey);
    expect(finding?.seen).toBe(`${identity()} is in ${home.path("config")}, which is copied to other places`);
    await home.follow(finding);
    expect(existsSync(identity())).toBeFalse();
    expect(await reporters()).toEqual([]);
  });

  test("says so when the credentials are copied as well, and the whole home is", async () => {
    mkdirSync(join(home.folder, ".stfolder"));
    const [finding] = await home.examine(exposedKey);
    expect(finding?.means).toContain("and the credentials with it");
    expect(finding?.remedy).toEqual([]);
  });
});
