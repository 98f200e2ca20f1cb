/** A time that only goes forward and counts what the machine was suspended for, to tell how long ago and how long until. */
import { elapsedMs, type Clock } from "./clock.ts";

/**
 * Milliseconds since this call. Where the system tells no boot clock, a step is what the wall clock or the process's own clock says,
 * whichever is more: only the first counts suspends, and only the second survives a wall clock that is set back.
 *
 * @param processMs of a clock that never jumps and may stand still in a suspend
 */
export function startSteadyTime(clock: Clock, processMs: () => number = () => performance.now()): () => number {
  let last = { at: clock.now(), processMs: processMs() };
  let passedMs = 0;
  return () => {
    const next = { at: clock.now(), processMs: processMs() };
    const byClockMs = elapsedMs(last.at, next.at);
    passedMs += next.at.boot === undefined ? Math.max(byClockMs, next.processMs - last.processMs) : byClockMs;
    last = next;
    return passedMs;
  };
}
