/**
 * Time, as something that can be handed in. An instant carries the wall clock and, where the system tells it,
 * the boot clock: the first survives a reboot, the second survives a wrong wall clock and counts suspended time.
 */
import { readFileSync } from "node:fs";

export interface Instant {
  /** Milliseconds since the Unix epoch, UTC. */
  readonly wallMs: number;
  /** Milliseconds since boot, suspend included, and which boot that was. Absent where the system does not say. */
  readonly boot?: { readonly id: string; readonly ms: number } | undefined;
}

export interface Clock {
  now(): Instant;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now() {
    const boot = readBootClock();
    return boot === undefined ? { wallMs: Date.now() } : { wallMs: Date.now(), boot };
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};

/**
 * Milliseconds that have passed between two instants. Within one boot the boot clock decides; it cannot be set.
 * Otherwise the wall clock does, and the result is negative when it was set back meanwhile.
 */
export function elapsedMs(from: Instant, to: Instant): number {
  if (from.boot !== undefined && to.boot !== undefined && from.boot.id === to.boot.id) return to.boot.ms - from.boot.ms;
  return to.wallMs - from.wallMs;
}

/** Linux only; a file read of both costs some 20 µs. @see proc(5) `/proc/uptime` is CLOCK_BOOTTIME. */
function readBootClock(): Instant["boot"] | undefined {
  try {
    const uptimeSeconds = Number.parseFloat(readFileSync("/proc/uptime", "latin1"));
    const id = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    if (!Number.isFinite(uptimeSeconds) || id === "") return undefined;
    return { id, ms: Math.round(uptimeSeconds * 1000) };
  } catch {
    return undefined;
  }
}
