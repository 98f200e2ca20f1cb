/**
 * `vault.toml`: which vault is active and how each kind is set up. Written by mailkey (`vault use`, `vault move`, first
 * use), unlike config.toml, which is the user's. Nothing in it is secret: passphrases are named by file or command.
 *
 * One atomic replacement of this file switches the active vault; `move.ts` builds on that.
 */
import { isAbsolute, join } from "node:path";
import * as v from "valibot";
import { MailkeyError } from "../errors.ts";
import { fileStamp } from "../platform/files.ts";
import { expandHome, type Environment, type Paths } from "../platform/paths.ts";
import { checkShape, readToml, writeToml } from "../platform/toml.ts";
import type { VaultKind } from "./vault.ts";

const text = v.pipe(v.string(), v.nonEmpty("must not be empty"));

const gpg = v.strictObject({
  /** Fingerprint of the primary key, or anything gpg takes for a recipient. */
  recipient: text,
  passphrase_file: v.optional(text),
  passphrase_command: v.optional(text),
  /** Instead of `GNUPGHOME`. */
  homedir: v.optional(text),
  /** Instead of `gpg` on the PATH. */
  program: v.optional(text),
});

const age = v.strictObject({
  identity: v.optional(text),
  passphrase_file: v.optional(text),
  passphrase_command: v.optional(text),
  /** Asked for on the terminal, every time. */
  passphrase: v.optional(v.literal("prompt")),
});

/** `recipient` is the public half of the key in the keyring. */
const keyring = v.strictObject({ recipient: text });

const command = v.strictObject({ encrypt: text, decrypt: text });

export const VAULT_KINDS = ["gpg", "age", "keyring", "command"] as const satisfies readonly VaultKind[];

const VaultSettingsSchema = v.strictObject({
  active: v.picklist(VAULT_KINDS),
  /** The folder of the ciphertexts under the state folder. A move within one kind changes it. */
  folder: v.optional(v.pipe(v.string(), v.regex(/^vault(-[0-9]{1,3})?$/, "must be vault or vault-NUMBER")), "vault"),
  gpg: v.optional(gpg),
  age: v.optional(age),
  keyring: v.optional(keyring),
  command: v.optional(command),
});

export type VaultSettings = v.InferOutput<typeof VaultSettingsSchema>;
export type GpgSettings = v.InferOutput<typeof gpg>;
export type AgeSettings = v.InferOutput<typeof age>;
export type KeyringSettings = v.InferOutput<typeof keyring>;
export type CommandSettings = v.InferOutput<typeof command>;

const COMMENT = `Where mailkey keeps credentials. Written by "mailkey vault use" and "mailkey vault move".
Nothing in here is secret. Changing "active" by hand does not carry credentials over.`;

export function vaultSettingsPath(paths: Paths): string {
  return join(paths.config, "vault.toml");
}

/** Changes whenever the settings do; undefined when there are none. */
export function vaultSettingsStamp(paths: Paths): string | undefined {
  return fileStamp(vaultSettingsPath(paths));
}

/** @returns the settings, or undefined before the first use. @throws ERR_CONFIG, ERR_UNTRUSTED_FILE, ERR_STORAGE */
export function loadVaultSettings(paths: Paths): VaultSettings | undefined {
  const path = vaultSettingsPath(paths);
  const settings = readToml(path, VaultSettingsSchema);
  return settings === undefined ? undefined : checkConsistency(settings, path);
}

/**
 * @param where named in the error
 * @throws ERR_CONFIG when something is missing, unknown or contradictory
 */
export function checkVaultSettings(raw: unknown, where: string): VaultSettings {
  return checkConsistency(checkShape(raw, VaultSettingsSchema, where), where);
}

function checkConsistency(settings: VaultSettings, where: string): VaultSettings {
  if (settings[settings.active] === undefined)
    throw contradiction(where, `active is ${settings.active}, but there is no [${settings.active}]`);
  if (settings.gpg?.passphrase_file !== undefined && settings.gpg.passphrase_command !== undefined)
    throw contradiction(where, "[gpg] has both passphrase_file and passphrase_command");
  const keys = Object.values(settings.age ?? {}).filter((value) => value !== undefined);
  if (settings.age !== undefined && keys.length !== 1)
    throw contradiction(where, "[age] needs exactly one of identity, passphrase_file, passphrase_command, passphrase");
  return settings;
}

/** @throws ERR_STORAGE with the old settings intact */
export function saveVaultSettings(paths: Paths, settings: VaultSettings): void {
  const path = vaultSettingsPath(paths);
  writeToml(path, COMMENT, checkVaultSettings(settings, path));
}

/** A path of the settings: `~/` is the home folder, and anything relative is beside vault.toml. */
export function settingsPath(path: string, paths: Paths, env: Environment): string {
  const expanded = expandHome(path, env);
  return isAbsolute(expanded) ? expanded : join(paths.config, expanded);
}

function contradiction(where: string, message: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `${where}: ${message}`, { hint: "mailkey help vault" });
}
