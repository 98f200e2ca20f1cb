/** Being woken once, after a time that includes what the machine was suspended for. */

export interface Alarm {
  /** Rings after `afterMs` milliseconds of the boot clock; at once after waking up when that moment has passed. Replaces what was set. */
  set(afterMs: number, ring: () => void): void;
  clear(): void;
}
