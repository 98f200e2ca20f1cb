/** Reading other programs' files: tolerant, because they are theirs, and never more than a configuration can be. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { READ_WITHOUT_WAITING } from "../../platform/files.ts";

/** Longer files are no configuration; the rest of them is not looked at. */
const MAX_BYTES = 1024 * 1024;

/** The text as UTF-8, odd bytes replaced; undefined when it is not there, cannot be read or is no regular file. */
export function readConfig(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, READ_WITHOUT_WAITING);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(stat.size, MAX_BYTES));
    return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}
