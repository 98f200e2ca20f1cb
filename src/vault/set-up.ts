/** Makes or finds the key of a vault, and says what goes into vault.toml. Activates nothing. */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { ensureIdentityFile, readIdentityFile } from "./age-identity.ts";
import { gpgProgram } from "./gpg.ts";
import { createGpgKey, resolveRecipient } from "./gpg-keys.ts";
import { ensureKeyringKey } from "./keyring.ts";
import { systemKeyring } from "./keyring/backend.ts";
import { readPassphrase, type AskPassphrase } from "./passphrase.ts";
import { settingsPath } from "./settings.ts";
import type { VaultTarget } from "./switch.ts";

export interface SetUp {
  readonly target: VaultTarget;
  /** What was made or found, for people. */
  readonly notes: readonly string[];
}

/** A passphrase by file or command; otherwise typed, or none. */
export interface PassphraseOptions {
  readonly passphraseFile?: string | undefined;
  readonly passphraseCommand?: string | undefined;
}

export interface AgeOptions extends PassphraseOptions {
  /** An identity file; `default` is mailkey's own, made when it is missing. */
  readonly identity?: string | undefined;
  /** Ask on the terminal every time. */
  readonly prompt?: boolean | undefined;
}

export interface GpgOptions extends PassphraseOptions {
  readonly homedir?: string | undefined;
  readonly program?: string | undefined;
}

/** Mailkey's own identity file. */
export function defaultIdentityPath(paths: Paths): string {
  return join(paths.config, "age-identity.txt");
}

/** @throws ERR_VAULT_UNUSABLE, ERR_UNTRUSTED_FILE, ERR_STORAGE */
export async function setUpAge(paths: Paths, env: Environment, options: AgeOptions, now: Date): Promise<SetUp> {
  const { passphraseFile, passphraseCommand, prompt, identity } = options;
  if (prompt === true) return { target: { active: "age", age: { passphrase: "prompt" } }, notes: [] };
  if (passphraseFile !== undefined || passphraseCommand !== undefined) {
    return { target: { active: "age", age: passphraseSettings(paths, env, options) }, notes: [] };
  }
  if (identity !== undefined && identity !== "default") {
    const path = settingsPath(identity, paths, env);
    readIdentityFile(path);
    return { target: { active: "age", age: { identity: path } }, notes: [] };
  }
  const path = defaultIdentityPath(paths);
  const { recipient, created } = await ensureIdentityFile(path, now);
  const notes = [`${created ? "made the" : "kept the present"} age identity ${path} (${recipient}); back it up`];
  return { target: { active: "age", age: { identity: path } }, notes };
}

/** With a key that exists. @throws ERR_VAULT_UNUSABLE */
export async function setUpGpg(paths: Paths, env: Environment, recipient: string, options: GpgOptions): Promise<SetUp> {
  const gpg = gpgOf(paths, env, options);
  const key = await resolveRecipient(gpg, recipient);
  return {
    target: { active: "gpg", gpg: { ...gpgSettings(paths, env, options), recipient: key.fingerprint } },
    notes: [`found the gpg key ${key.fingerprint}`],
  };
}

/**
 * With a key made for the purpose. Without a passphrase file or command the passphrase is typed, unless `protect` is false.
 *
 * @throws ERR_VAULT_UNUSABLE, ERR_VAULT_LOCKED
 */
export async function createGpgVault(
  paths: Paths,
  env: Environment,
  options: GpgOptions & { readonly protect: boolean; readonly ask?: AskPassphrase | undefined },
): Promise<SetUp> {
  const settings = gpgSettings(paths, env, options);
  const source =
    settings.passphrase_file !== undefined
      ? { file: settings.passphrase_file }
      : settings.passphrase_command !== undefined
        ? { command: settings.passphrase_command }
        : undefined;
  const passphrase = options.protect
    ? await (source === undefined ? askTwice(options.ask) : readPassphrase(source, env))
    : undefined;
  const key = await createGpgKey(gpgOf(paths, env, options), passphrase);
  return {
    target: { active: "gpg", gpg: { ...settings, recipient: key.fingerprint } },
    notes: [
      `made the gpg key ${key.fingerprint} (${key.userId}); back it up: gpg --export-secret-keys --armor ${key.fingerprint}`,
    ],
  };
}

/** @throws ERR_VAULT_LOCKED, ERR_VAULT_UNUSABLE */
export async function setUpKeyring(env: Environment): Promise<SetUp> {
  const backend = await systemKeyring(env);
  const { recipient, created } = await ensureKeyringKey(backend);
  return {
    target: { active: "keyring", keyring: { recipient } },
    notes: [`${created ? "stored a new key in" : "found mailkey's key in"} the ${backend.name} (${recipient})`],
  };
}

/** A new passphrase, typed twice. @throws ERR_USAGE without a terminal, or when the two differ */
export async function askTwice(ask: AskPassphrase | undefined): ReturnType<AskPassphrase> {
  if (ask === undefined) {
    throw new MailkeyError("ERR_USAGE", "a passphrase has to be typed, and there is no terminal", {
      hint: "add --passphrase-file FILE, --passphrase-command COMMAND or --no-passphrase",
    });
  }
  const first = await ask("New passphrase: ");
  if (first.reveal() === "")
    throw new MailkeyError("ERR_USAGE", "the passphrase is empty", { hint: "--no-passphrase" });
  const second = await ask("The same once more: ");
  if (!first.equals(second)) throw new MailkeyError("ERR_USAGE", "the two passphrases differ", { hint: "try again" });
  return first;
}

function gpgOf(paths: Paths, env: Environment, { homedir, program }: GpgOptions) {
  return gpgProgram(env, program, homedir === undefined ? undefined : settingsPath(homedir, paths, env));
}

function gpgSettings(paths: Paths, env: Environment, options: GpgOptions) {
  return {
    ...passphraseSettings(paths, env, options),
    ...(options.homedir === undefined ? {} : { homedir: options.homedir }),
    ...(options.program === undefined ? {} : { program: options.program }),
  };
}

function passphraseSettings(paths: Paths, env: Environment, { passphraseFile, passphraseCommand }: PassphraseOptions) {
  return {
    ...(passphraseFile === undefined ? {} : { passphrase_file: settingsPath(passphraseFile, paths, env) }),
    ...(passphraseCommand === undefined ? {} : { passphrase_command: passphraseCommand }),
  };
}
