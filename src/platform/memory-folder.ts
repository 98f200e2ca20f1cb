/** File systems that are in memory, and gone when the machine is switched off. */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/** @see statfs(2): TMPFS_MAGIC, RAMFS_MAGIC */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/**
 * Whether what is written into this folder stays in memory; a folder that is not there yet is where the nearest one above it is.
 * Only Linux tells: everywhere else the answer is no.
 */
export function isInMemory(folder: string): boolean {
  if (process.platform !== "linux") return false;
  try {
    return IN_MEMORY.has(statfsSync(folder).type >>> 0);
  } catch {
    const parent = dirname(folder);
    return parent !== folder && isInMemory(parent);
  }
}
