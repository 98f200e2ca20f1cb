/** Which JavaScript runtime this is. The one place that asks. */

export const isBun: boolean = "bun" in process.versions;

/** For `--version` and bug reports: `bun 1.4.5` or `node 22.23.3`. */
export function runtimeVersion(): string {
  return isBun ? `bun ${process.versions["bun"] ?? "?"}` : `node ${process.versions.node}`;
}

/**
 * For a process that mostly waits: without it, Bun 1.4.5 wakes up every 30 s (in its first half minute every second) to see whether to
 * collect garbage, which it also does when memory is asked for. Read at the start, so it has to come from whoever starts the process.
 */
export const IDLE_ENVIRONMENT = { BUN_GC_TIMER_DISABLE: "1" } as const;
