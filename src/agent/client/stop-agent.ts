/** Waiting for an agent that was told to stop: what it has begun it ends first. */
import { isMailkeyError } from "../../errors.ts";
import { acquireLock } from "../../platform/lock.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import { agentLockPath } from "../only-one.ts";

/** Longer than the agent gives its last renewals. */
const PATIENCE_MS = 20_000;

/** @returns whether there is no agent any more, so that another can be started */
export async function hasEnded(paths: Paths, clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    (await acquireLock(agentLockPath(paths), { timeoutMs: PATIENCE_MS, clock, signal })).release();
    return true;
  } catch (error) {
    if (isMailkeyError(error, "ERR_LOCK_TIMEOUT")) return false;
    throw error;
  }
}
