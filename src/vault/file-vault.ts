/**
 * A vault made of a cipher and a folder: one file per credential, 0600 in a 0700 folder, replaced atomically.
 *
 * Encryption happens before the file is touched, so that a key that does not work costs nothing.
 */
import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { fileStamp, listFolder, readPrivateFile, removeFile, replaceFile } from "../platform/files.ts";
import type { Cipher, Vault } from "./vault.ts";

/** A temporary file this old belongs to a writer that was killed: a replacement takes milliseconds. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

export function fileVault(cipher: Cipher, folder: string): Vault {
  const pathOf = (name: string) => join(folder, checkName(name) + cipher.extension);
  return {
    kind: cipher.kind,
    description: cipher.description,
    async read(name) {
      const ciphertext = readPrivateFile(pathOf(name), "secret");
      return ciphertext === undefined ? undefined : cipher.decrypt(ciphertext);
    },
    async write(name, plaintext) {
      const path = pathOf(name);
      const stamp = replaceFile(path, await cipher.encrypt(plaintext));
      removeAbandoned(folder);
      return stamp;
    },
    ...(cipher.isSlow === true
      ? { rewrite: async (name: string, stamp: string) => rewriteFile(pathOf(name), stamp) }
      : {}),
    async remove(name) {
      removeFile(pathOf(name));
    },
    async list() {
      return listFolder(folder)
        .filter((file) => file.endsWith(cipher.extension))
        .map((file) => file.slice(0, -cipher.extension.length));
    },
    stamp(name) {
      return fileStamp(pathOf(name));
    },
  };
}

function rewriteFile(path: string, stamp: string): string | undefined {
  const ciphertext = readPrivateFile(path, "secret");
  return ciphertext === undefined || fileStamp(path) !== stamp ? undefined : replaceFile(path, ciphertext);
}

/** Names come from `addressToFileName`, which cannot make such a one: a name that could leave the folder is a bug. */
function checkName(name: string): string {
  if (name === "" || name.startsWith(".") || /[/\\\0]/.test(name)) throw new RangeError("not a name for a vault");
  return name;
}

/** What killed writers left is ciphertext; it is only swept away to keep the folder tidy. */
function removeAbandoned(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(".") || !name.endsWith(".tmp")) continue;
      const path = join(folder, name);
      if (Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS) unlinkSync(path);
    }
  } catch {
    // the next write tries again
  }
}
