import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import {
  loadVaultSettings,
  saveVaultSettings,
  vaultSettingsPath,
  type VaultSettings,
} from "../../src/vault/settings.ts";
import { failureOf, pathsIn, shortFolder } from "./support.ts";

describe("vault.toml", () => {
  const folder = shortFolder();
  const paths = pathsIn(folder.path);
  const path = vaultSettingsPath(paths);
  beforeEach(() => rmSync(paths.config, { recursive: true, force: true }));
  afterAll(() => folder.dispose());
  const write = (content: string, mode = 0o600) => {
    mkdirSync(paths.config, { recursive: true, mode: 0o700 });
    writeFileSync(path, content, { mode });
  };

  test("is undefined before the first use", () => {
    expect(loadVaultSettings(paths)).toBeUndefined();
  });

  test("comes back as it was saved, private to its owner", () => {
    const settings: VaultSettings = {
      active: "gpg",
      folder: "vault-2",
      gpg: { recipient: "F00D", passphrase_command: `pass show "mail key" | tr -d '\\n'`, homedir: "~/.gnupg" },
      age: { passphrase: "prompt" },
      command: { encrypt: "age -e", decrypt: "age -d" },
    };
    saveVaultSettings(paths, settings);
    expect(loadVaultSettings(paths)).toEqual(settings);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("names file and key of what is wrong", async () => {
    const cases: readonly (readonly [string, string])[] = [
      ["active = ", "is not valid TOML (line 1"],
      ['active = "paper"', "active: "],
      ['active = "gpg"', "active is gpg, but there is no [gpg]"],
      ['active = "gpg"\n[gpg]\nrecipient = ""', "gpg.recipient: must not be empty"],
      ['active = "gpg"\n[gpg]\nrecipient = "x"\ncolour = 1', "gpg.colour"],
      ['active = "gpg"\n[gpg]\nrecipient = "x"\npassphrase_file = "a"\npassphrase_command = "b"', "both"],
      ['active = "age"\n[age]', "exactly one of identity"],
      ['active = "age"\n[age]\nidentity = "x"\npassphrase = "prompt"', "exactly one of identity"],
      ['active = "age"\nfolder = "../../etc"\n[age]\nidentity = "x"', "folder: must be"],
    ];
    for (const [content, message] of cases) {
      write(content);
      const error = await failureOf(Promise.try(() => loadVaultSettings(paths)));
      expect([error.code, error.message]).toEqual(["ERR_CONFIG", expect.stringContaining(message)]);
      expect(error.message).toContain(path);
    }
  });

  test("is not trusted when others can change it: its commands would be theirs", async () => {
    write('active = "command"\n[command]\nencrypt = "a"\ndecrypt = "b"\n', 0o600);
    expect(loadVaultSettings(paths)?.active).toBe("command");
    rmSync(path);
    const umask = process.umask(0);
    write('active = "command"\n[command]\nencrypt = "a"\ndecrypt = "b"\n', 0o666);
    process.umask(umask);
    expect((await failureOf(Promise.try(() => loadVaultSettings(paths)))).code).toBe("ERR_UNTRUSTED_FILE");
  });
});
