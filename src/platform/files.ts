/**
 * Private files: read only when owner and mode can be trusted, replaced atomically and durably.
 *
 * Replacing is: temporary file in the same folder (0600, exclusive), write, fsync, rename, fsync of the folder.
 * Whatever fails before the rename leaves the old file as it was; a reader sees the old or the new one, never a half.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
  constants,
  type BigIntStats,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import { shellWord } from "./shell.ts";

/** Temporary files this old belong to writers that were killed: nobody writes for that long. */
const LEFTOVER_MS = 10 * 60 * 1000;
/** A pipe would be waited for until somebody writes to it; it is opened, seen to be none, and refused. Windows has no such flag. */
export const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const GROUP_OR_OTHERS_WRITE = 0o022;
const GROUP_OR_OTHERS = 0o077;

/** How private a file has to be: `secret` is for the owner's eyes only, `trusted` may be read by others. */
export type Privacy = "secret" | "trusted";

/**
 * Reads a file of the user's after checking that nobody else could have written it (or, for `secret`, read it).
 *
 * @param maxBytes a larger file is not what it is taken for
 * @returns its bytes, or undefined when there is no such file
 * @throws ERR_UNTRUSTED_FILE, ERR_STORAGE
 */
export function readPrivateFile(path: string, privacy: Privacy, maxBytes = Infinity): Uint8Array | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, READ_WITHOUT_WAITING);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw storageError(`cannot read ${path}`, error);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new MailkeyError("ERR_UNTRUSTED_FILE", `${path} is not a regular file`);
    checkOwnerAndMode(path, stat.uid, stat.mode, privacy);
    if (stat.size > maxBytes)
      throw new MailkeyError("ERR_UNTRUSTED_FILE", `${path} is too large for what it should be (${stat.size} bytes)`);
    return readFileSync(descriptor);
  } catch (error) {
    if (error instanceof MailkeyError) throw error;
    throw storageError(`cannot read ${path}`, error);
  } finally {
    closeSync(descriptor);
  }
}

/** Like `readPrivateFile`, as UTF-8 text. */
export function readPrivateText(path: string, privacy: Privacy, maxBytes?: number): string | undefined {
  const bytes = readPrivateFile(path, privacy, maxBytes);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/**
 * Replaces a file (0600), creating its folder (0700) when it is missing. A symbolic link is followed, so that linked
 * dotfiles stay links.
 *
 * @param folderRule `as-is` leaves the folder alone, for files that lie where the user has put them
 * @returns the new file's stamp, as `fileStamp` tells it
 * @throws ERR_STORAGE with the old file intact
 */
export function replaceFile(
  path: string,
  content: Uint8Array | string,
  folderRule: "private" | "as-is" = "private",
): string {
  const target = resolveLink(path);
  if (folderRule === "private") ensurePrivateFolder(dirname(target));
  return writeAtomically(target, content, { mode: PRIVATE_FILE });
}

/** What a file gets that takes another's place. */
export interface Attributes {
  readonly mode: number;
  readonly owner?: { readonly user: number; readonly group: number };
}

/** The second half of `replaceFile`: `target` is no link, and its folder is there. @returns its stamp. @throws ERR_STORAGE */
export function writeAtomically(target: string, content: Uint8Array | string, { mode, owner }: Attributes): string {
  const folder = dirname(target);
  const temporary = join(folder, `.${basename(target)}.${process.pid}.${randomName()}.tmp`);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let stamp: string;
  try {
    const descriptor = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, PRIVATE_FILE);
    try {
      keepOwner(descriptor, owner);
      fchmodSync(descriptor, mode);
      let written = 0;
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
      fsyncSync(descriptor);
      stamp = stampOf(fstatSync(descriptor, { bigint: true })); // renaming changes nothing of it
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    removeQuietly(temporary);
    throw storageError(`cannot write ${target}`, error);
  }
  syncFolder(folder);
  removeLeftovers(folder, basename(target));
  return stamp;
}

/** A file that the user may write but does not own stays another's: then it is not replaced at all. */
function keepOwner(descriptor: number, owner: Attributes["owner"]): void {
  if (owner === undefined || process.platform === "win32") return;
  const own = fstatSync(descriptor);
  if (own.uid !== owner.user || own.gid !== owner.group) fchownSync(descriptor, owner.user, owner.group);
}

/** Removes a file durably; a missing one is no error. @throws ERR_STORAGE */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    throw storageError(`cannot remove ${path}`, error);
  }
  syncFolder(dirname(path));
}

/** Creates a folder (0700) with its parents; an existing one must belong to the user and be writable by nobody else. */
export function ensurePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
    const stat = statSync(path);
    checkOwnerAndMode(path, stat.uid, stat.mode, "trusted");
  } catch (error) {
    if (error instanceof MailkeyError) throw error;
    throw storageError(`cannot create ${path}`, error);
  }
}

/** The names in a folder, sorted; a missing folder is empty. Temporary files are left out. @throws ERR_STORAGE */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
      .filter((name) => !name.startsWith("."))
      .toSorted();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw storageError(`cannot read ${path}`, error);
  }
}

/** What changes whenever the file is replaced: inode, size and times. Undefined when there is no file. */
export function fileStamp(path: string): string | undefined {
  try {
    return stampOf(statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}`;
}

function checkOwnerAndMode(path: string, owner: number, mode: number, privacy: Privacy): void {
  const user = process.getuid?.();
  if (user === undefined) return; // Windows: access control lists, not modes
  if (owner !== user && owner !== 0) {
    throw new MailkeyError("ERR_UNTRUSTED_FILE", `${path} belongs to another user (uid ${owner})`, {
      hint: `ls -l ${shellWord(path)}`,
    });
  }
  const forbidden = privacy === "secret" ? GROUP_OR_OTHERS : GROUP_OR_OTHERS_WRITE;
  if ((mode & forbidden) === 0) return;
  const who = privacy === "secret" ? "can be read or changed" : "can be changed";
  throw new MailkeyError("ERR_UNTRUSTED_FILE", `${path} ${who} by other users (mode ${(mode & 0o777).toString(8)})`, {
    hint: `chmod ${privacy === "secret" ? "go=" : "go-w"} ${shellWord(path)}`,
  });
}

/** The file that a path leads to; the path itself when it is no link, or leads nowhere. */
export function resolveLink(path: string): string {
  try {
    return isLink(path) ? realpathSync(path) : path;
  } catch {
    return path;
  }
}

/** False for a path at which there is nothing. */
export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return; // a folder cannot be opened there
  try {
    const descriptor = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // EINVAL, ENOTSUP: file systems (9p, some FUSE) that cannot sync a folder; the rename itself has succeeded.
    const code = systemErrorCode(error);
    if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "EPERM") throw storageError(`cannot sync ${folder}`, error);
  }
}

/** Web Crypto instead of node:crypto, whose loading costs the token path 2 ms. */
function randomName(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex");
}

/** What writers of this file left when they were killed. */
function removeLeftovers(folder: string, name: string): void {
  try {
    for (const entry of readdirSync(folder)) {
      if (!entry.startsWith(`.${name}.`) || !entry.endsWith(".tmp")) continue;
      const path = join(folder, entry);
      if (Date.now() - statSync(path).mtimeMs > LEFTOVER_MS) unlinkSync(path);
    }
  } catch {
    // it is a courtesy; the next writer tries again
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // it was never created, or the file system is gone: nothing of ours is left to lose
  }
}

/** @param what failed: `cannot read PATH` */
export function storageError(what: string, cause: unknown): MailkeyError {
  const reasons: Record<string, string> = {
    ENOSPC: "no space left on the device",
    EDQUOT: "disk quota exceeded",
    EROFS: "the file system is read-only",
    EACCES: "permission denied",
    EPERM: "operation not permitted",
    EIO: "input/output error",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is not a folder",
    ELOOP: "too many symbolic links",
    ENAMETOOLONG: "the name is too long",
    ENXIO: "it is a socket",
  };
  const code = systemErrorCode(cause);
  const reason = (code !== undefined ? reasons[code] : undefined) ?? code ?? "unexpected error";
  return new MailkeyError("ERR_STORAGE", `${what}: ${reason}`, { cause });
}
