/**
 * Files of other programs: read as they are, replaced as atomically as mailkey's own, with their mode and owner kept and links left links.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import { isLink, READ_WITHOUT_WAITING, resolveLink, storageError, writeAtomically } from "./files.ts";

/** No configuration comes near; what is larger would only fill the memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A file of the user's, as it lies where they put it. */
export interface UserFile {
  readonly content: Uint8Array;
  readonly mode: number;
}

/**
 * Reads a file of another program's: whoever may write it, mailkey did not choose that.
 *
 * @returns undefined when there is no such file
 * @throws ERR_STORAGE also for what is not a regular file, or too large, and for a link that leads nowhere
 */
export function readUserFile(path: string): UserFile | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, READ_WITHOUT_WAITING);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw storageError(`cannot read ${path}`, error);
    if (!isLink(path)) return undefined;
    throw new MailkeyError("ERR_STORAGE", `${path} is a link that leads nowhere`, { cause: error });
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new MailkeyError("ERR_STORAGE", `${path} is not a regular file`);
    if (stat.size > MAX_BYTES)
      throw new MailkeyError("ERR_STORAGE", `${path} is too large for a configuration (${stat.size} bytes)`);
    return { content: readFileSync(descriptor), mode: stat.mode & 0o7777 };
  } catch (error) {
    if (error instanceof MailkeyError) throw error;
    throw storageError(`cannot read ${path}`, error);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Replaces a file of another program's, keeping its mode and owner; a symbolic link stays one. Its folder has to be there.
 *
 * @param newMode for a file that is not there yet
 * @throws ERR_STORAGE with the old file intact
 */
export function replaceUserFile(path: string, content: Uint8Array, newMode: number): void {
  const target = resolveLink(path);
  const old = statSync(target, { throwIfNoEntry: false });
  writeAtomically(target, content, {
    mode: old === undefined ? newMode : old.mode & 0o7777,
    ...(old === undefined ? {} : { owner: { user: old.uid, group: old.gid } }),
  });
}

/** Creates a folder (0700) and its parents. @returns those that were not there, outermost first. @throws ERR_STORAGE */
export function makeFolders(path: string): string[] {
  const missing: string[] = [];
  for (let each = path; statSync(each, { throwIfNoEntry: false }) === undefined; each = dirname(each))
    missing.unshift(each);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(`cannot create ${path}`, error);
  }
  return missing;
}

/** Removes a folder if nothing is in it. @returns whether it is gone */
export function removeEmptyFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "ENOENT";
  }
}
