/** Which JavaScript runtime this is. The one place that asks. */
import type { Environment } from "./paths.ts";

export const isBun: boolean = "bun" in process.versions;

/** For `--version` and bug reports: `bun 1.4.5` or `node 22.23.3`. */
export function runtimeVersion(): string {
  return isBun ? `bun ${process.versions["bun"] ?? "?"}` : `node ${process.versions.node}`;
}

/**
 * For a process that mostly waits: without it, Bun 1.4.5 wakes up every 30 s (in its first half minute every second) to see whether to
 * collect garbage, which it also does when memory is asked for; and a thread of its allocator wakes up as often, to give memory back that
 * could have been given back at once. Read at the start, so it has to come from whoever starts the process.
 */
export const IDLE_ENVIRONMENT = { BUN_GC_TIMER_DISABLE: "1", MIMALLOC_PURGE_DELAY: "0" } as const;

/** The environment for other programs: what is meant for this process is not for them. */
export function withoutIdleEnvironment(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !(name in IDLE_ENVIRONMENT)));
}
