/**
 * Opens the active vault. Every `mailkey token` comes through here: only the one kind is loaded, and nothing is probed.
 */
import { join } from "node:path";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import type { Secret } from "../platform/secret.ts";
import { fileVault } from "./file-vault.ts";
import { readPassphrase, type AskPassphrase, type PassphraseSource } from "./passphrase.ts";
import {
  loadVaultSettings,
  settingsPath,
  vaultSettingsStamp,
  type AgeSettings,
  type VaultSettings,
} from "./settings.ts";
import type { Cipher, Vault } from "./vault.ts";

/** A person may take this often to type it right. */
const TYPING_ROUNDS = 3;

export interface VaultPorts {
  /** Asks for a passphrase on the terminal; absent when there is nobody to ask. */
  readonly askPassphrase?: AskPassphrase;
  /** gpg and the keyring ask nobody by themselves: what would need a person throws ERR_VAULT_LOCKED. */
  readonly isSilent?: boolean;
  /** Instead of the one that asks each time, and derives keys on this thread. */
  readonly passphraseCipher?: (source: PassphraseSource, description: string) => Cipher;
}

/**
 * The active vault. `vault move` may switch it at any time: open it anew for every operation.
 *
 * @throws ERR_VAULT_UNUSABLE when none is set up yet, ERR_CONFIG, ERR_UNTRUSTED_FILE, ERR_STORAGE
 */
export async function openVault(paths: Paths, env: Environment, ports: VaultPorts = {}): Promise<Vault> {
  const stamp = vaultSettingsStamp(paths);
  const settings = loadVaultSettings(paths);
  if (settings === undefined) {
    throw new MailkeyError("ERR_VAULT_UNUSABLE", "no vault is set up yet", {
      hint: "mailkey add ADDRESS chooses one, or: mailkey vault init age",
      details: { reason: "no_vault" },
    });
  }
  const vault = await createVault(settings, paths, env, ports);
  return {
    ...vault,
    async read(name) {
      const found = await vault.read(name);
      // Gone since it was opened: a move that has just ended carried it elsewhere.
      if (found !== undefined || vaultSettingsStamp(paths) === stamp) return found;
      return (await openVault(paths, env, ports)).read(name);
    },
    async write(name, plaintext) {
      const written = await vault.write(name, plaintext);
      if (vaultSettingsStamp(paths) === stamp) return written;
      // A credential that is new during a move is not among those that it carries over.
      return (await openVault(paths, env, ports)).write(name, plaintext);
    },
  };
}

/** The vault that `settings` describe, active or not. @throws ERR_CONFIG */
export async function createVault(
  settings: VaultSettings,
  paths: Paths,
  env: Environment,
  ports: VaultPorts,
): Promise<Vault> {
  const vault = fileVault(await createCipher(settings, paths, env, ports), vaultFolder(settings, paths));
  const isTyped = settings.active === "age" && settings.age?.passphrase === "prompt";
  return isTyped && ports.passphraseCipher === undefined ? passphraseChecked(vault) : vault;
}

/** Nobody sees a typing error in a passphrase: what is stored already tells whether it is the right one. */
function passphraseChecked(vault: Vault): Vault {
  return {
    ...vault,
    async write(name, plaintext) {
      const [stored] = await vault.list();
      if (stored !== undefined) await vault.read(stored);
      return vault.write(name, plaintext);
    },
  };
}

export function vaultFolder(settings: VaultSettings, paths: Paths): string {
  return join(paths.state, settings.folder);
}

/** The cipher alone, for trying it out. @throws ERR_CONFIG */
export async function createCipher(
  settings: VaultSettings,
  paths: Paths,
  env: Environment,
  ports: VaultPorts,
): Promise<Cipher> {
  const { active } = settings;
  switch (active) {
    case "age":
      if (settings.age !== undefined) return createAgeCipher(settings.age, paths, env, ports);
      break;
    case "gpg":
      if (settings.gpg !== undefined) {
        const { recipient, program, homedir, passphrase_file: file, passphrase_command: command } = settings.gpg;
        const { gpgCipher, gpgProgram } = await import("./gpg.ts");
        const source = sourceOf(file, command, paths, env);
        return gpgCipher({
          gpg: gpgProgram(env, program, homedir === undefined ? undefined : settingsPath(homedir, paths, env)),
          recipient,
          passphrase: source === undefined ? undefined : () => readPassphrase(source, env),
          isSilent: ports.isSilent === true && source === undefined,
        });
      }
      break;
    case "keyring":
      if (settings.keyring !== undefined) {
        const [{ keyringCipher }, { systemKeyring }] = await Promise.all([
          import("./keyring.ts"),
          import("./keyring/backend.ts"),
        ]);
        return keyringCipher(() => systemKeyring(env, ports.isSilent), settings.keyring.recipient);
      }
      break;
    case "command":
      if (settings.command !== undefined) return (await import("./command.ts")).commandCipher(settings.command, env);
      break;
  }
  throw new MailkeyError("ERR_CONFIG", `vault.toml has no [${active}]`, { hint: `mailkey vault init ${active}` });
}

async function createAgeCipher(age: AgeSettings, paths: Paths, env: Environment, ports: VaultPorts): Promise<Cipher> {
  const { ageIdentityCipher, agePassphraseCipher } = await import("./age.ts");
  if (age.identity !== undefined) {
    const path = settingsPath(age.identity, paths, env);
    const { readIdentityFile } = await import("./age-identity.ts");
    const identities = async () => readIdentityFile(path);
    return ageIdentityCipher({
      kind: "age",
      description: `age identity ${path}`,
      identities,
      where: path,
      file: path,
      env,
    });
  }
  const source = sourceOf(age.passphrase_file, age.passphrase_command, paths, env) ?? {
    question: "Passphrase of mailkey's vault: ",
    ask: ports.askPassphrase,
  };
  const origin = "file" in source ? `in ${source.file}` : "command" in source ? `from ${source.command}` : "typed";
  const description = `age passphrase, ${origin}`;
  if (ports.passphraseCipher !== undefined) return ports.passphraseCipher(source, description);
  let passphrase: Promise<Secret> | undefined;
  const read = () => (passphrase ??= readPassphrase(source, env));
  const cipher = agePassphraseCipher({ description, passphrase: read });
  if (!("question" in source)) return cipher;
  return {
    ...cipher,
    async decrypt(ciphertext) {
      for (let round = 1; ; round += 1) {
        const tried = read();
        try {
          return await cipher.decrypt(ciphertext);
        } catch (error) {
          const isWrong = isMailkeyError(error, "ERR_VAULT_LOCKED") && error.details?.["reason"] === "bad_passphrase";
          if (!isWrong || round === TYPING_ROUNDS) throw error;
        }
        const question = `That is not the passphrase (${round} of ${TYPING_ROUNDS}). Once more: `;
        if (passphrase === tried) passphrase = readPassphrase({ ...source, question }, env);
      }
    },
  };
}

function sourceOf(
  file: string | undefined,
  command: string | undefined,
  paths: Paths,
  env: Environment,
): PassphraseSource | undefined {
  if (file !== undefined) return { file: settingsPath(file, paths, env) };
  return command === undefined ? undefined : { command };
}
