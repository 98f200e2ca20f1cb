/** How many files this process may have open: sockets count. */
import { readFileSync } from "node:fs";

/** Undefined where the system does not tell. Both runtimes raise it at their start to what is allowed. @see getrlimit(2) */
export function maxOpenFiles(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined; // no Linux
  }
}
