/**
 * Memory that a process needs in its busy moments only, and gives back when they are over. Bun collects garbage when memory is asked for;
 * an idle process would keep for days what its last request has left.
 */
import { readFileSync } from "node:fs";
import type { Libc } from "./libc.ts";
import { isBun } from "./runtime.ts";

/** @see madvise(2) */
const MADV_DONTNEED = 4;

/**
 * Gives back to the system what work has left behind: garbage, and of the executable's code what happened to be needed, which the kernel
 * finds again in its cache or on disk. Takes some 20 ms. Node does the like by itself.
 */
export function giveBackMemory(libc: Libc | undefined): void {
  if (!isBun) return;
  Bun.gc(true);
  if (libc === undefined || process.platform !== "linux") return;
  for (const [start, end] of ownCode()) libc.madviseAt(start, end - start, MADV_DONTNEED);
}

/** Where the executable's code lies in memory: only read from its file, never written to. @see proc_pid_maps(5) */
function ownCode(): [start: number, end: number][] {
  const code = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => line.endsWith(` ${process.execPath}`) && line.includes(" r-xp "));
  return code.map((line) => {
    const [start = "0", end = "0"] = (line.split(" ", 1)[0] ?? "").split("-");
    return [Number.parseInt(start, 16), Number.parseInt(end, 16)];
  });
}
