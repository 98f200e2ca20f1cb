/** Notices that there has been nothing to do for a while: once after each spell of work. Nothing happens before the first. */
import type { Alarm } from "../platform/alarm.ts";

/** Work that comes so close together is one spell. */
const LULL_MS = 5000;

export class Lull {
  readonly #alarm: Alarm;
  readonly #begins: () => void;
  #isWatching = false;
  #hasWorked = false;

  /** @param begins between one and two times `LULL_MS` after the last work */
  constructor(alarm: Alarm, begins: () => void) {
    this.#alarm = alarm;
    this.#begins = begins;
  }

  /** There is something to do. Costs nothing during a spell. */
  work(): void {
    this.#hasWorked = true;
    if (!this.#isWatching) this.#watch();
  }

  #watch(): void {
    this.#isWatching = true;
    this.#hasWorked = false;
    this.#alarm.set(LULL_MS, () => {
      if (this.#hasWorked) return this.#watch();
      this.#isWatching = false;
      this.#begins();
    });
  }
}
