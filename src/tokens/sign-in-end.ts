/** What is known of a refresh token's own end after an answer of the provider's. Pure. */
import { elapsedMs, type Instant } from "../platform/clock.ts";
import type { TokenGrant } from "../oauth/token-endpoint.ts";
import type { Credential, SignInEnd } from "./credential.ts";

/** Two answers mean the same moment when they differ by less: whole seconds, and the time that requests take. */
const SAME_MOMENT_SECONDS = 60;

/**
 * Some servers count down to one moment, others start anew with each use: the span is kept as long as the moment stays.
 *
 * @param previous the credential that was used, or undefined after signing in
 * @param at before the request was sent
 */
export function signInEndAfter(
  previous: Credential | undefined,
  grant: TokenGrant,
  at: Instant,
): SignInEnd | undefined {
  const known = previous?.signInEnd;
  const seconds = grant.refreshExpiresInSeconds;
  if (seconds === undefined) {
    const isRotated = grant.refreshToken !== undefined && grant.refreshToken.reveal() !== previous?.refreshToken;
    return isRotated ? undefined : known;
  }
  const isSame = known !== undefined && Math.abs(secondsLeft(known, at) - seconds) < SAME_MOMENT_SECONDS;
  return { toldAt: at, seconds, spanSeconds: isSame ? known.spanSeconds : seconds };
}

/** Seconds until that end; below 0 when it is past. */
export function secondsLeft({ toldAt, seconds }: SignInEnd, now: Instant): number {
  return seconds - elapsedMs(toldAt, now) / 1000;
}
