/** Starting a process of ours in the background, waiting until it answers, and waiting until one that was told to stop has ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { isMailkeyError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { ownCommand } from "../platform/command-path.ts";
import { startDetached } from "../platform/detach.ts";
import { acquireLock } from "../platform/lock.ts";
import type { Environment } from "../platform/paths.ts";
import { IDLE_ENVIRONMENT } from "../platform/runtime.ts";

/** `serves`: one for this home answers. `useless`: one is there that is of no use. */
export type Found = "serves" | "useless" | "absent";

/** An executable is there in 20 ms, the Node bundle on a busy machine in a second. */
const START_PATIENCE_MS = 5000;
const PAUSE_MS = 20;
/** How it ends when another one was quicker, which will answer soon: EX_TEMPFAIL. */
const ANOTHER_RUNS = 75;

export interface StartOptions {
  /** What mailkey is told to do. */
  readonly words: readonly string[];
  readonly find: (signal?: AbortSignal) => Promise<Found>;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whoever waits is held up for nothing by one that cannot be: one that ends at once is not waited for, and where one is of no use none is
 * started.
 *
 * @returns whether one for this home answers now
 */
export async function startInBackground({ words, find, env, signal }: StartOptions): Promise<boolean> {
  const before = await find(signal);
  if (before !== "absent") return before === "serves";
  const [program, ...args] = ownCommand();
  const ending = await startDetached(program, [...args, ...words], { ...env, ...IDLE_ENVIRONMENT });
  for (const end = performance.now() + START_PATIENCE_MS; performance.now() < end; ) {
    await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    const isComing = [undefined, ANOTHER_RUNS].includes(ending());
    const found = await find(signal);
    if (found !== "absent") return found === "serves";
    if (!isComing) return false;
  }
  return false;
}

/**
 * @param lockPath what it holds while it lives
 * @param patienceMs longer than it gives what it ends first
 * @returns whether it has ended, so that another can be started
 */
export async function hasEnded(
  lockPath: string,
  patienceMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    (await acquireLock(lockPath, { timeoutMs: patienceMs, clock, signal })).release();
    return true;
  } catch (error) {
    if (isMailkeyError(error, "ERR_LOCK_TIMEOUT")) return false;
    throw error;
  }
}
