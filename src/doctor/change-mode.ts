/**
 * Access rights put right by `--fix`. Only what was examined is changed, and only files and folders of the user's own: in a folder that
 * others can write, a name may lead to something else by now, and root's doctor would close a device to everybody.
 */
import { chmodSync, closeSync, fchmodSync, fstatSync, openSync, statSync, type Stats } from "node:fs";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import { READ_WITHOUT_WAITING } from "../platform/files.ts";
import type { Fix } from "./check.ts";

/**
 * @param does the command that does the same
 * @param seen what was examined
 * @returns nothing for what is left to the user, who may know better
 */
export function modeFix(does: string, path: string, seen: Stats, mode: number): { readonly fix?: Fix } {
  const isOrdinary = seen.isFile() || seen.isDirectory();
  return isOrdinary && seen.uid === process.getuid?.()
    ? { fix: { does, run: () => changeMode(path, seen, mode) } }
    : {};
}

function changeMode(path: string, seen: Stats, mode: number): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, READ_WITHOUT_WAITING);
  } catch (error) {
    if (systemErrorCode(error) !== "EACCES") throw error;
    refuseOther(path, statSync(path), seen); // what its owner may not read has no descriptor
    chmodSync(path, mode);
    return;
  }
  try {
    refuseOther(path, fstatSync(descriptor), seen);
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}

function refuseOther(path: string, now: Stats, seen: Stats): void {
  if (now.dev === seen.dev && now.ino === seen.ino) return;
  throw new MailkeyError("ERR_UNTRUSTED_FILE", `${path} is another file than a moment ago`);
}
