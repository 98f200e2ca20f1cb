/** One token that is kept fresh: when it ends, when it may be renewed, and what has come of trying. Times are the renewer's. */
import { backOffMs, retryAfterWaitMs, type Outage } from "./back-off.ts";
import type { Target } from "../event.ts";
import type { Attempt } from "./renewal.ts";
import { MIN_DELAY_MS, dueAfterRenewalMs, dueInMs, type Ahead, type TokenTimes } from "./schedule.ts";

export interface Renewable {
  readonly target: Target;
  /** Of the token endpoint: those that share it share a budget and an outage. */
  readonly origin: string;
  readonly ahead: Ahead;
}

/** How things were when an attempt began. */
export interface Before {
  readonly startedAtMs: number;
  readonly endsAtMs: number;
}

export type Fresh = Extract<Attempt, { kind: "fresh" }>;
type Failed = Extract<Attempt, { kind: "failed" }>;

/** As long as the token path believes a refusal, and a little more: it does ask then. */
const REFUSED_WAIT_MS = 61 * 60_000;

export class KeptToken {
  readonly renewable: Renewable;
  readonly outage: Outage;
  state: "waiting" | "queued" | "running" = "waiting";
  /** Nothing to try until something about the account changes. */
  isIdle = false;
  /** Something has changed since the attempt under way began: its failure is no news. */
  isOutdated = false;
  triedAtMs = -Infinity;
  /** -Infinity without a token. */
  #endsAtMs: number;
  /** When the token's age asks for the next one. */
  #dueAtMs: number;
  /** After failures, by our own patience: what ends an outage ends it. */
  #notBeforeMs = -Infinity;
  /** By the provider's wish, or after a refusal: only a change of the account or a success ends it. */
  #heldUntilMs = -Infinity;
  /** In a row, and not refusals. */
  #failures = 0;
  readonly #random: () => number;

  constructor(renewable: Renewable, outage: Outage, token: TokenTimes | undefined, now: number, random: () => number) {
    this.renewable = renewable;
    this.outage = outage;
    this.#random = random;
    this.#endsAtMs = token === undefined ? -Infinity : now + token.remainingSeconds * 1000;
    this.#dueAtMs = token === undefined ? now : now + dueInMs(token, renewable.ahead, random());
  }

  /** Takes the place of one that it is news of: even news without end are no reason to ask in a circle. */
  follow(before: KeptToken | undefined): void {
    if (before === undefined) return;
    this.triedAtMs = before.triedAtMs;
    this.#dueAtMs = Math.max(this.#dueAtMs, before.triedAtMs + MIN_DELAY_MS);
  }

  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  secondsLeft(now: number): number {
    return Math.max(0, (this.#endsAtMs - now) / 1000);
  }

  /** When its next attempt may be. In an outage one asks for all, and the others wait for what it hears. */
  get nextAtMs(): number {
    if (this.isIdle) return Infinity;
    if (!this.outage.isOn) return this.#readyAtMs;
    return this.outage.asker === undefined ? Math.max(this.#readyAtMs, this.outage.notBeforeMs) : Infinity;
  }

  isReady(now: number): boolean {
    return !this.isIdle && this.#readyAtMs <= now && (!this.outage.isOn || this.outage.asker === this);
  }

  /** By its own times. In an outage its own patience is of no matter. */
  get #readyAtMs(): number {
    return Math.max(this.#dueAtMs, this.#heldUntilMs, this.outage.isOn ? -Infinity : this.#notBeforeMs);
  }

  /** @param before of an attempt of the renewer's own; undefined when a program waited for it */
  renewed(token: Fresh, now: number, before: Before | undefined): void {
    const endsAtMs = now + token.remainingSeconds * 1000;
    const gainedSeconds = (endsAtMs - (before ?? this).endsAtMs) / 1000;
    this.isIdle = false;
    // What a program was given may be what is in hand: no news.
    if (before === undefined && gainedSeconds <= 1) return;
    this.#dueAtMs = now + dueAfterRenewalMs(token, gainedSeconds, this.renewable.ahead, this.#random());
    this.#endsAtMs = endsAtMs;
    this.#heldUntilMs = -Infinity;
    this.forgetFailures();
  }

  failed({ error, isPermanent, remainingSeconds, retryAfterMs }: Failed, now: number, startedAtMs: number): void {
    this.#endsAtMs = now + remainingSeconds * 1000;
    if (isPermanent) return this.#hold(now + REFUSED_WAIT_MS * (1 + this.#random() / 10));
    this.#failures += 1;
    this.#notBeforeMs = now + backOffMs(this.#failures, this.#random());
    if (retryAfterMs !== undefined) this.#hold(now + retryAfterWaitMs(retryAfterMs, this.#random()));
    if (error.code === "ERR_PROVIDER_UNAVAILABLE") this.outage.failed(this, startedAtMs, now, retryAfterMs);
  }

  /** A later word does not shorten what an earlier one asked for. */
  #hold(untilMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, untilMs);
  }

  forgetFailures(): void {
    this.#failures = 0;
    this.tryAgain();
  }

  /** Its patience is over, its failures are not forgotten. */
  tryAgain(): void {
    this.#notBeforeMs = -Infinity;
  }
}
