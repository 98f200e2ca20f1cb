/** The folder of account files, one per mailbox. */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { listFolder, removeFile } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import { AccountFileSchema, isShared, type AccountFile } from "./account.ts";
import { addressToFileName, fileNameToAddress, normaliseAddress } from "./address.ts";
import { readToml, writeToml } from "../platform/toml.ts";
import { shellWord } from "../platform/shell.ts";

const ENDING = ".toml";

export function accountPath(paths: Paths, address: string): string {
  return join(paths.config, "accounts", addressToFileName(address) + ENDING);
}

/** The configured addresses, sorted. */
export function listAddresses(paths: Paths): string[] {
  return listFolder(join(paths.config, "accounts"))
    .filter((name) => name.endsWith(ENDING))
    .flatMap((name) => addressOf(name.slice(0, -ENDING.length)) ?? []);
}

/** Undefined for a name that no account file has: somebody's backup is not an account. */
function addressOf(name: string): string | undefined {
  try {
    const address = fileNameToAddress(name);
    return addressToFileName(address) === name ? address : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the account, or undefined when there is none of that address. @throws ERR_CONFIG, ERR_UNTRUSTED_FILE */
export function readAccount(paths: Paths, address: string): AccountFile | undefined {
  const path = accountPath(paths, address);
  const account = readToml(path, AccountFileSchema);
  if (account !== undefined && normaliseAddress(account.address) !== normaliseAddress(address)) {
    throw new MailkeyError(
      "ERR_CONFIG",
      `${path}: address: is ${account.address}, which does not fit the file's name`,
      { hint: `edit ${path}` },
    );
  }
  return account;
}

/**
 * The account of `address`, or the only one when no address is given.
 *
 * @throws ERR_ACCOUNT_UNKNOWN, ERR_USAGE naming all when there are several, ERR_CONFIG
 */
export function requireAccount(paths: Paths, address: string | undefined): AccountFile {
  if (address !== undefined) {
    const account = readAccount(paths, address);
    if (account !== undefined) return account;
    throw new MailkeyError("ERR_ACCOUNT_UNKNOWN", `there is no account ${address}`, {
      hint: `mailkey add ${shellWord(address)}`,
    });
  }
  const addresses = listAddresses(paths);
  const [only] = addresses;
  if (only === undefined) throw noAccountYet();
  if (addresses.length > 1) {
    throw new MailkeyError("ERR_USAGE", `which account? there are ${addresses.length}: ${addresses.join(", ")}`, {
      hint: "name one of them",
    });
  }
  return requireAccount(paths, only);
}

export function noAccountYet(): MailkeyError {
  return new MailkeyError("ERR_ACCOUNT_UNKNOWN", "there is no account yet", { hint: "mailkey add you@example.com" });
}

/** The mailboxes that are opened with the credential of `address`, sorted. Files that cannot be read are left out. */
export function mailboxesSharing(paths: Paths, address: string): string[] {
  const wanted = normaliseAddress(address);
  return listAddresses(paths).filter((each) => {
    try {
      const file = readAccount(paths, each);
      return file !== undefined && isShared(file) && normaliseAddress(file.credential) === wanted;
    } catch {
      return false;
    }
  });
}

/** @throws ERR_STORAGE with the old file intact */
export function saveAccount(paths: Paths, account: AccountFile): void {
  const path = accountPath(paths, account.address);
  writeToml(
    path,
    `mailkey account ${account.address}. Nothing in here is secret.\nmailkey reads it at every use; edit it as you like.`,
    account,
  );
}

/** A missing account is no error. @throws ERR_STORAGE */
export function deleteAccount(paths: Paths, address: string): void {
  removeFile(accountPath(paths, address));
}
