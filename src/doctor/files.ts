/** The files and folders that mailkey's safety rests on, as far as they are there. */
import { lstatSync, readFileSync, readdirSync, realpathSync, statSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import type { Account } from "../accounts/account.ts";
import { configPath } from "../accounts/config.ts";
import { isMailkeyError } from "../errors.ts";
import { expandHome } from "../platform/paths.ts";
import { loadVaultSettings, settingsPath, vaultSettingsPath, type VaultSettings } from "../vault/settings.ts";
import type { Machine } from "./check.ts";

export interface GuardedFile {
  readonly path: string;
  readonly kind: "file" | "folder";
  /** `secret` is for the owner's eyes; what is `trusted` may be read by others, not written. */
  readonly privacy: "secret" | "trusted";
  /** Made by mailkey, and nobody else's business: its mode may be put right without asking. */
  readonly own: boolean;
}

/** What there is of mailkey's folders and of the files that its settings name, each once, folders before what is in them. */
export function guardedFiles(machine: Machine): GuardedFile[] {
  const { config, state } = machine.paths;
  const files: GuardedFile[] = [
    folder(config, "trusted"),
    file(configPath(machine.paths), "trusted"),
    file(vaultSettingsPath(machine.paths), "trusted"),
    ...wholeFolder(join(config, "accounts"), "trusted"),
    folder(state, "trusted"),
    ...vaultFolders(machine).flatMap((path) => wholeFolder(path, "secret")),
    ...["status", "locks"].flatMap((name) => wholeFolder(join(state, name), "trusted")),
    ...namedFiles(machine),
  ];
  const unique = new Map<string, GuardedFile>();
  for (const each of files) if (!unique.has(each.path)) unique.set(each.path, each);
  return [...unique.values()].filter(({ path }) => statOf(path) !== undefined);
}

/** Folders of credentials: the active one, and those that moves have left. */
export function vaultFolders({ paths }: Machine): string[] {
  return namesIn(paths.state)
    .filter((name) => /^vault(-[0-9]+)?$/.test(name))
    .map((name) => join(paths.state, name));
}

/** Secrets and authorities that lie where the user has put them, with the folders that they lie in. */
function namedFiles(machine: Machine): GuardedFile[] {
  const { env, config } = machine;
  const secrets = [
    ...vaultSecretFiles(machine).map(({ path }) => path),
    ...machine.accounts.flatMap(({ account }) => secretFilesOf(account.account, env)),
  ];
  const named = [
    ...secrets.map((path) => file(path, "secret", false)),
    ...(config.caFile === undefined ? [] : [file(config.caFile, "trusted", false)]),
  ];
  return named.flatMap((each) => [folder(dirname(each.path), "trusted", false), each]);
}

export interface VaultSecretFile {
  readonly path: string;
  readonly kind: "age" | "gpg";
  /** Of `mailkey vault use KIND`: names such a file. */
  readonly flag: "--identity" | "--passphrase-file";
}

/** The vaults' identity and passphrases, whether they are there or not. */
export function vaultSecretFiles(machine: Machine): VaultSecretFile[] {
  const { gpg, age } = vaultSettings(machine) ?? {};
  const named = [
    { name: age?.identity, kind: "age", flag: "--identity" },
    { name: age?.passphrase_file, kind: "age", flag: "--passphrase-file" },
    { name: gpg?.passphrase_file, kind: "gpg", flag: "--passphrase-file" },
  ] as const;
  return named.flatMap(({ name, kind, flag }) =>
    name === undefined ? [] : [{ path: settingsPath(name, machine.paths, machine.env), kind, flag }],
  );
}

/** The files in which a client's secret or key is, and what opens them. */
function secretFilesOf({ client, service_account: service }: Account, env: Machine["env"]): string[] {
  return [client.secret, client.key, client.key?.passphrase, service]
    .flatMap((place) => (typeof place === "object" && "file" in place ? [place.file] : []))
    .map((path) => expandHome(path, env));
}

/** Undefined when there are none that can be read, which is another check's finding. */
export function vaultSettings({ paths }: Machine): VaultSettings | undefined {
  try {
    return loadVaultSettings(paths);
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}

/** Of what a link leads to; undefined when it is not there, or cannot be looked at. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Of the link itself. */
export function linkStatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** What a path leads to in the end; the path itself where it leads to nothing. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** All folders that a path lies in, the nearest first. */
export function foldersAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...foldersAbove(parent)];
}

/** Of a folder of configuration: the names of what may be account files. */
export function accountFileNames(config: string): string[] {
  return namesIn(join(config, "accounts")).filter((name) => !name.startsWith(".") && name.endsWith(".toml"));
}

/** The names in a folder, sorted, temporary files included; none when it cannot be read. */
export function namesIn(path: string): string[] {
  try {
    return readdirSync(path).toSorted();
  } catch {
    return [];
  }
}

/** Undefined when it is not there, or cannot be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Access rights as people type them: `644`. */
export function modeText({ mode }: Stats): string {
  return (mode & 0o7777).toString(8);
}

function wholeFolder(path: string, privacy: GuardedFile["privacy"]): GuardedFile[] {
  const paths = namesIn(path)
    .filter((name) => !name.startsWith("."))
    .map((name) => join(path, name));
  return [folder(path, privacy)].concat(
    paths.map((each) => (statOf(each)?.isDirectory() === true ? folder : file)(each, privacy)),
  );
}

function file(path: string, privacy: GuardedFile["privacy"], own = true): GuardedFile {
  return { path, kind: "file", privacy, own };
}

function folder(path: string, privacy: GuardedFile["privacy"], own = true): GuardedFile {
  return { path, kind: "folder", privacy, own };
}
