/** Where the agent keeps an account's access token for programs that read a file, if the account says so (`token_file`). */
import { join } from "node:path";
import type { Paths } from "../platform/paths.ts";
import { addressToFileName } from "./address.ts";

export function tokenFolder(paths: Paths): string {
  return join(paths.runtime, "tokens");
}

export function tokenFilePath(paths: Paths, address: string): string {
  return join(tokenFolder(paths), addressToFileName(address));
}
