/**
 * Being woken once, after a time that includes what the machine was suspended for.
 *
 * On Linux the kernel's own timer of the boot clock rings, by a signal: nothing happens before. A descriptor (timerfd) would have to be
 * read in one of the runtime's few threads for files, which would wait for it and do nothing else. Everywhere else, and in Node, the
 * runtime's timers are used, which stand still in a suspend and know no more than 24 days: in slices, each of which looks at the clock.
 */
import type { BootTimer, Libc } from "./libc.ts";

/** Keeps no process alive. */
export interface Alarm {
  /** Rings after `afterMs` milliseconds of the boot clock; at once after waking up when that moment has passed. Replaces what was set. */
  set(afterMs: number, ring: () => void): void;
  clear(): void;
}

/** How late it may ring after a suspend, where there is no better way. */
const SLICE_MS = 60_000;

/** @param nowMs a time that only goes forward and counts suspends: `steady-time.ts` */
export function createAlarm(libc: Libc | undefined, nowMs: () => number): Alarm {
  const timer = libc?.bootTimer();
  return timer === undefined ? slicedAlarm(nowMs) : signalAlarm(timer);
}

/** All timers send the same signal: which one it was, each knows of itself. */
function signalAlarm(timer: BootTimer): Alarm {
  let pending: (() => void) | undefined;
  // Unheard, the signal would end the process.
  process.on("SIGALRM", () => {
    if (pending === undefined || timer.isSet()) return;
    const ring = pending;
    pending = undefined;
    ring();
  });
  return {
    set(afterMs, ring) {
      pending = ring;
      timer.set(afterMs);
    },
    clear() {
      pending = undefined;
      timer.clear();
    },
  };
}

/** @param sliceMs milliseconds between two looks at the clock */
export function slicedAlarm(nowMs: () => number, sliceMs = SLICE_MS): Alarm {
  let timer: NodeJS.Timeout | undefined;
  const wait = (untilMs: number, ring: () => void) => {
    const leftMs = untilMs - nowMs();
    timer = setTimeout(
      () => {
        if (nowMs() >= untilMs) ring();
        else wait(untilMs, ring);
      },
      Math.max(0, Math.min(leftMs, sliceMs)),
    ).unref();
  };
  return {
    set(afterMs, ring) {
      clearTimeout(timer);
      wait(nowMs() + afterMs, ring);
    },
    clear() {
      clearTimeout(timer);
    },
  };
}
