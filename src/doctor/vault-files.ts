/** Credentials as files: which vault wrote them, and whose they are. Decrypts nothing. */
import { join } from "node:path";
import { fileNameToAddress } from "../accounts/address.ts";
import type { VaultKind } from "../vault/vault.ts";
import type { Machine } from "./check.ts";
import { namesIn, vaultFolders } from "./files.ts";

export interface CredentialFile {
  readonly path: string;
  readonly folder: string;
  readonly kind: VaultKind;
  /** The account's name in the vault. */
  readonly name: string;
  readonly address: string;
}

const KINDS: Readonly<Record<string, VaultKind>> = {
  ".gpg": "gpg",
  ".age": "age",
  ".keyring": "keyring",
  ".enc": "command",
};

/** In every vault folder there is, the active one or not. */
export function credentialFiles(machine: Machine): CredentialFile[] {
  return vaultFolders(machine).flatMap((folder) =>
    namesIn(folder).flatMap((file) => credentialFile(folder, file) ?? []),
  );
}

function credentialFile(folder: string, file: string): CredentialFile | undefined {
  const dot = file.lastIndexOf(".");
  const kind = KINDS[file.slice(dot)];
  if (kind === undefined || file.startsWith(".")) return undefined;
  const name = file.slice(0, dot);
  return { path: join(folder, file), folder, kind, name, address: addressOf(name) };
}

function addressOf(name: string): string {
  try {
    return fileNameToAddress(name);
  } catch {
    return name;
  }
}
