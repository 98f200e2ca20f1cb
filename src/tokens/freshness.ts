/** How long an access token still lasts, whatever has been done to the clock meanwhile. */
import { elapsedMs, type Instant } from "../platform/clock.ts";
import type { StoredAccessToken } from "./credential.ts";

/** All that counts of a token here. */
type Lifetime = Pick<StoredAccessToken, "obtainedAt" | "lifetimeSeconds">;

/**
 * Seconds that `token` is still valid for; 0 or less when it is over.
 *
 * A wall clock that was set back would make a token look younger than it is: an age below zero counts as expired.
 */
export function remainingSeconds(token: Lifetime, now: Instant): number {
  const ageSeconds = elapsedMs(token.obtainedAt, now) / 1000;
  return ageSeconds < 0 ? 0 : token.lifetimeSeconds - ageSeconds;
}

/** What has to be left for a token to be handed out: the margin, but never more than half of its lifetime. */
export function requiredSeconds({ lifetimeSeconds }: Pick<Lifetime, "lifetimeSeconds">, marginSeconds: number): number {
  return Math.min(marginSeconds, lifetimeSeconds / 2);
}

/** A token with less left is of no use to a program that has yet to connect. */
const USABLE_SECONDS = 30;

/** Whether the token can still be handed out when no better one is to be had. */
export function isUsable(token: Lifetime, now: Instant): boolean {
  return remainingSeconds(token, now) > USABLE_SECONDS;
}

/** When it ends, by this machine's wall clock. */
export function expiresAtMs(token: Lifetime, now: Instant): number {
  return Math.round(now.wallMs + remainingSeconds(token, now) * 1000);
}
