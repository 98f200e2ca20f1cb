/**
 * Simulated time: what is to happen, in order, with a clock and alarms that follow it. Months pass in seconds, and twice the same way.
 *
 * Between two events everything that runs is let run until it waits for this time again: promises, file access and imports included,
 * so long as it is started by `run` or by an event and waits by `sleep` or `waitFor`.
 */
import type { Alarm } from "../../src/platform/alarm.ts";
import type { Clock, Instant } from "../../src/platform/clock.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

export class Timeline implements Clock {
  /** Milliseconds since the beginning, whatever clocks say. */
  passedMs = 0;
  /** Of the wall clock. */
  wallOffsetMs = Date.UTC(2026, 0, 15, 12);
  #boot = { id: "boot-1", atMs: -5_000_000 };
  readonly #events = new Heap();
  #order = 0;
  #busy = 0;

  now(): Instant {
    const { id, atMs } = this.#boot;
    return { wallMs: this.passedMs + this.wallOffsetMs, boot: { id, ms: this.passedMs - atMs } };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#busy -= 1;
      this.after(ms, () => {
        this.#busy += 1;
        resolve();
      });
    });
  }

  /** Everything asynchronous that takes simulated time has to be within. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
    }
  }

  /** For what something else brings, within `run`. */
  async waitFor<T>(promise: Promise<T>): Promise<T> {
    this.#busy -= 1;
    try {
      return await promise;
    } finally {
      this.#busy += 1;
    }
  }

  after(ms: number, happen: () => void): void {
    this.#events.push({ atMs: this.passedMs + Math.max(0, ms), order: this.#order++, happen });
  }

  alarm(): Alarm {
    let setting = 0;
    return {
      set: (afterMs, ring) => {
        const mine = ++setting;
        this.after(afterMs, () => {
          if (mine === setting) ring();
        });
      },
      clear: () => {
        setting += 1;
      },
    };
  }

  /** Time that passes without anything happening: a suspend. What was due meanwhile happens afterwards, at once. */
  skip(ms: number): void {
    this.passedMs += ms;
  }

  /** A new boot clock, and nothing left of what was to happen. */
  reboot(): void {
    this.#boot = { id: `${this.#boot.id}'`, atMs: this.passedMs };
    this.#events.clear();
    this.#busy = 0;
  }

  /** Lets happen what happens until then. */
  async until(endMs: number): Promise<void> {
    await this.#settle();
    for (let next = this.#events.peek(); next !== undefined && next.atMs <= endMs; next = this.#events.peek()) {
      this.#events.pop();
      this.passedMs = Math.max(this.passedMs, next.atMs);
      next.happen();
      await this.#settle();
    }
    this.passedMs = Math.max(this.passedMs, endMs);
  }

  async #settle(): Promise<void> {
    do await turn();
    while (this.#busy > 0);
  }
}

/** All promises that can go on have gone on afterwards. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A binary heap; the earliest event first, and of those the one that was planned first. */
class Heap {
  readonly #events: Event[] = [];

  clear(): void {
    this.#events.length = 0;
  }

  peek(): Event | undefined {
    return this.#events[0];
  }

  push(event: Event): void {
    const events = this.#events;
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  pop(): void {
    const events = this.#events;
    this.#swap(0, events.length - 1);
    events.pop();
    for (let index = 0; ; ) {
      const children = [2 * index + 1, 2 * index + 2].filter((child) => child < events.length);
      const first = children.reduce((best, child) => (this.#isBefore(child, best) ? child : best), index);
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#events[one], this.#events[other]];
    if (a === undefined || b === undefined) return false;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#events[one], this.#events[other]];
    if (a === undefined || b === undefined) return;
    this.#events[one] = b;
    this.#events[other] = a;
  }
}
