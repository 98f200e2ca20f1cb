/** Single flight: one process renews, and what it stores is as good for those that wait for it. */
import type { Config } from "../accounts/config.ts";
import { elapsedMs, type Clock } from "../platform/clock.ts";
import { tryLock, type Lock } from "../platform/lock.ts";

export interface WaitPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal?: AbortSignal;
  readonly trace?: (step: string) => void;
}

export type Held<T> = { readonly lock: Lock; readonly waited: boolean } | { readonly superseding: T };

/** Beyond the holder's own budget, for its last request and its writing. */
const EXTRA_MS = 20_000;

/** Milliseconds after which a holder has had all the time that its renewal may take. */
export function holderLimitMs({ retryBudgetMs, timeoutMs }: Config): number {
  return retryBudgetMs + timeoutMs + EXTRA_MS;
}

/**
 * @param look what another process has stored meanwhile; undefined while that is nothing new
 * @param giveUp after `limitMs`: throws, or has something else
 */
export async function lockOrSuperseded<T>(
  path: string,
  limitMs: number,
  { clock, random, signal, trace }: WaitPorts,
  look: () => Promise<T | undefined>,
  giveUp: () => T,
): Promise<Held<T>> {
  const start = clock.now();
  for (let tries = 0; ; tries++) {
    const lock = await tryLock(path);
    if (lock !== undefined) return { lock, waited: tries > 0 };
    if (tries === 0) trace?.("another process is renewing: waiting for it");
    if (elapsedMs(start, clock.now()) > limitMs) return { superseding: giveUp() };
    await clock.sleep(Math.min(100, 10 + tries * 10) * (0.5 + random()), signal);
    const superseding = await look();
    if (superseding !== undefined) return { superseding };
  }
}
