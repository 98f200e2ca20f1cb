/**
 * How long to leave alone what failed. Exponential with full jitter, so that many who met the same outage do not come back together;
 * the ceiling is what an account waits at most after its provider has come back.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */

const FIRST_MS = 4000;
const CEILING_MS = 4 * 60_000;
const LEAST_MS = 500;
/** A provider that asks for more is taken for mistaken. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/** @param failures in a row, 1 or more @param random 0 up to, not including, 1 */
export function backOffMs(failures: number, random: number): number {
  return Math.max(LEAST_MS, random * Math.min(CEILING_MS, FIRST_MS * 2 ** (failures - 1)));
}

/** What a Retry-After comes to: never earlier, and a little later, because others were told the same. */
export function retryAfterWaitMs(retryAfterMs: number, random: number): number {
  return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) * (1 + random / 10);
}

/**
 * Whether a provider is down, and when to look again. One account's failure says nothing about the others; those of two, with no
 * success between them, do. Then all accounts wait, and one of them asks for all.
 */
export class Outage {
  /** Who asks for all at the moment. */
  asker: unknown;
  readonly #random: () => number;
  readonly #failing = new Set<unknown>();
  #failures = 0;
  #notBeforeMs = -Infinity;
  /** By the last failure. */
  #toldToWait: { readonly who: unknown; readonly untilMs: number } | undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isOn(): boolean {
    return this.#failing.size > 1;
  }

  /** When the next one may ask; of no meaning while there is no outage. */
  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /**
   * @param startedAtMs of the attempt: those under way at the same time count as one failure, and one that a program made while all were
   *   waiting does not make them wait longer
   */
  failed(who: unknown, startedAtMs: number, nowMs: number, retryAfterMs?: number): void {
    this.#failing.add(who);
    if (startedAtMs >= this.#notBeforeMs) {
      this.#failures += 1;
      this.#notBeforeMs = nowMs + backOffMs(this.#failures, this.#random());
    }
    const untilMs = retryAfterMs === undefined ? -Infinity : nowMs + retryAfterWaitMs(retryAfterMs, this.#random());
    // One account alone may have been asked for too often; two in a row are told what counts for all, though not for longer than an outage
    // is left alone: those that were told nothing must not miss its end.
    if (this.#toldToWait !== undefined && this.#toldToWait.who !== who)
      this.#notBeforeMs = Math.max(this.#notBeforeMs, Math.min(untilMs, this.#toldToWait.untilMs, nowMs + CEILING_MS));
    this.#toldToWait = { who, untilMs };
  }

  /** @returns whether there was one */
  over(): boolean {
    const wasOn = this.isOn;
    this.#failing.clear();
    this.#failures = 0;
    this.#notBeforeMs = -Infinity;
    this.#toldToWait = undefined;
    return wasOn;
  }

  /** Something changed that may end it, such as a network that is back: look again at once. */
  lookAgain(): void {
    this.#failures = 0;
    this.#notBeforeMs = -Infinity;
  }
}
