/** Asks for a new access token until there is one, the server refuses for good, or the budget is spent. */
import type { Config } from "../accounts/config.ts";
import type { PermanentFailure, TokenGrant, TokenOutcome, TransientFailure } from "../oauth/token-endpoint.ts";
import { elapsedMs, type Clock, type Instant } from "../platform/clock.ts";
import type { Fetch } from "../platform/http.ts";

export interface RenewPorts {
  readonly clock: Clock;
  /** `timeoutMs` bounds one whole exchange. */
  readonly createFetch: (timeoutMs: number) => Fetch;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  readonly signal?: AbortSignal;
}

export interface Patience {
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
  /** Milliseconds for all attempts together; 0 means one attempt. */
  readonly budgetMs: number;
}

export type Renewal =
  | {
      readonly kind: "granted";
      readonly grant: TokenGrant;
      /** Before the request was sent: the token's life starts no later than that. */
      readonly obtainedAt: Instant;
    }
  | PermanentFailure
  | TransientFailure;

/** With a valid token in hand nobody should wait long for a provider that is down, or for who is asking it. */
export const IMPATIENT_MS = 5000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;

/** @param hasToken whether there is a token that is still valid */
export function patienceFor({ timeoutMs, retryBudgetMs }: Config, hasToken: boolean): Patience {
  return hasToken
    ? { timeoutMs: Math.min(timeoutMs, IMPATIENT_MS), budgetMs: 0 }
    : { timeoutMs, budgetMs: retryBudgetMs };
}

/**
 * Exponential back-off with full jitter; a Retry-After is obeyed when it fits into the budget, and otherwise ends the attempts
 * at once: whoever asks us can come back later, too.
 */
export async function renew(
  ask: (fetch: Fetch) => Promise<TokenOutcome>,
  { timeoutMs, budgetMs }: Patience,
  { clock, createFetch, random, signal }: RenewPorts,
): Promise<Renewal> {
  const fetch = createFetch(timeoutMs);
  const start = clock.now();
  for (let tries = 0; ; tries++) {
    const obtainedAt = clock.now();
    const outcome = await ask(fetch);
    if (outcome.kind === "granted") return { ...outcome, obtainedAt };
    if (outcome.kind === "permanent") return outcome;
    const backOff = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries) * (0.5 + random() / 2);
    const delay = Math.max(backOff, outcome.retryAfterMs ?? 0);
    if (elapsedMs(start, clock.now()) + delay >= budgetMs) return outcome;
    await clock.sleep(delay, signal);
  }
}
