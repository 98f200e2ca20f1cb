/** Failures in a row that pass by themselves: from when on they are worth a word. Times only; pure. */
import { elapsedMs, type Instant } from "../../platform/clock.ts";

interface Streak {
  readonly first: Instant;
  readonly last: Instant;
}

const HOUR_MS = 3_600_000;
/** Three tokens' lives: what is out of order for longer is not mended by waiting a little. */
const LASTING_MS = 3 * HOUR_MS;
/** Attempts come more often than this. A longer silence was a machine asleep, or one that nobody used. */
const SILENCE_MS = 2 * HOUR_MS;

export class Streaks {
  readonly #streaks = new Map<string, Streak>();

  /** Notes a failure. @returns whether there have been nothing but failures for hours, awake */
  lasts(address: string, now: Instant): boolean {
    const known = this.#streaks.get(address);
    const goesOn = known !== undefined && Math.abs(elapsedMs(known.last, now)) < SILENCE_MS;
    const first = goesOn ? known.first : now;
    this.#streaks.set(address, { first, last: now });
    return elapsedMs(first, now) >= LASTING_MS;
  }

  end(address: string): void {
    this.#streaks.delete(address);
  }
}
