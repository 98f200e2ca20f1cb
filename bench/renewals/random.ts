/** Chance that can be had again: the same seed, the same world. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 up to, not including, 1. Mulberry32: short, and good enough for weather. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** As far apart as events are that happen every `mean` on average. */
  until(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Between the two, each order of magnitude as often as the next. */
  magnitude(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[Math.floor(this.next() * values.length)] ?? values[0];
  }
}
