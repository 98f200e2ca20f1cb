/** Asks for a new access token until there is one, the server refuses for good, or the budget is spent. */
import type { Clock } from "../platform/clock.ts";
import { elapsedMs } from "../platform/clock.ts";
import type { PermanentFailure, TokenGrant, TokenOutcome, TransientFailure } from "../oauth/token-endpoint.ts";

export interface RetryPolicy {
  /** Milliseconds for all attempts together; 0 means one attempt. */
  readonly budgetMs: number;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
}

export type Renewal = { readonly kind: "granted"; readonly grant: TokenGrant } | PermanentFailure | TransientFailure;

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;

/**
 * Exponential back-off with full jitter; a Retry-After is obeyed when it fits into the budget, and otherwise ends the attempts
 * at once: whoever asks us can come back later, too.
 */
export async function renew(
  attempt: () => Promise<TokenOutcome>,
  policy: RetryPolicy,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Renewal> {
  const start = clock.now();
  for (let tries = 0; ; tries++) {
    const outcome = await attempt();
    if (outcome.kind !== "transient") return outcome;
    const backOff = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries) * (0.5 + policy.random() / 2);
    const delay = Math.max(backOff, outcome.retryAfterMs ?? 0);
    if (elapsedMs(start, clock.now()) + delay >= policy.budgetMs) return outcome;
    await clock.sleep(delay, signal);
  }
}
