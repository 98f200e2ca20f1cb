/** Stretches of time, in milliseconds since the beginning, added in any order. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Intervals {
  readonly #all: Interval[] = [];

  add(fromMs: number, toMs: number): void {
    this.#all.push({ fromMs, toMs });
  }

  /** Those that touch the stretch, each longer by `moreMs` at its end. */
  within(fromMs: number, toMs: number, moreMs: number): Interval[] {
    return this.#all
      .filter((each) => each.fromMs <= toMs && each.toMs + moreMs >= fromMs)
      .map((each) => ({ fromMs: each.fromMs, toMs: each.toMs + moreMs }));
  }
}

/** Milliseconds of the stretch that none of `intervals` covers. */
export function uncoveredMs(fromMs: number, toMs: number, intervals: readonly Interval[]): number {
  let uncovered = 0;
  let reachedMs = fromMs;
  for (const each of intervals.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (each.fromMs > reachedMs) uncovered += Math.min(each.fromMs, toMs) - reachedMs;
    reachedMs = Math.max(reachedMs, each.toMs);
    if (reachedMs >= toMs) return uncovered;
  }
  return uncovered + toMs - reachedMs;
}
