/** Where the agent keeps an account's access token for programs that read a file, if the account says so (`token_file`). */
import { basename, dirname, join } from "node:path";
import { isInMemory } from "../platform/memory-folder.ts";
import type { Paths } from "../platform/paths.ts";
import { addressToFileName, fileNameToAddress } from "./address.ts";
import type { ResolvedAccount } from "./resolve.ts";

const FOLDER = "tokens";

export function tokenFolder(paths: Paths): string {
  return join(paths.runtime, FOLDER);
}

export function tokenFilePath(paths: Paths, address: string): string {
  return join(tokenFolder(paths), addressToFileName(address));
}

/** The file that programs are to read; undefined when the account asks for none, and where there can be none. */
export function keptTokenFile(
  paths: Paths,
  { address, account }: Pick<ResolvedAccount, "address" | "account">,
): string | undefined {
  return account.token_file === true && isInMemory(paths.runtime) ? tokenFilePath(paths, address) : undefined;
}

/** Whose token file a path is, in whatever runtime folder of mailkey's; undefined when it is none. */
export function tokenFileOwner(paths: Paths, path: string): string | undefined {
  const folder = dirname(path);
  const isUsual = basename(folder) === FOLDER && basename(dirname(folder)) === "mailkey";
  if (!isUsual && folder !== tokenFolder(paths)) return undefined;
  try {
    const address = fileNameToAddress(basename(path));
    return addressToFileName(address) === basename(path) ? address : undefined;
  } catch {
    return undefined;
  }
}
