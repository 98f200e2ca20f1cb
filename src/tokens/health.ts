/** What can be told about an account without asking its vault or its provider. */
import { elapsedMs, type Instant } from "../platform/clock.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import type { OAuthProvider } from "../providers/provider.ts";
import type { CredentialRecord } from "./record.ts";

export type Health = "ok" | "expiring-sign-in" | "expiring-client" | "failing" | "sign-in-needed";

/** Seconds since a moment of the record's. */
export function secondsSince(moment: Instant, now: Instant): number {
  return elapsedMs(moment, now) / 1000;
}

/** Seconds until the sign-in dies of disuse, or undefined when it does not, or nobody knows. */
export function signInEndsInSeconds(
  record: CredentialRecord,
  provider: OAuthProvider,
  now: Instant,
): number | undefined {
  const days = provider.tokens.refreshIdleDays;
  return days === undefined ? undefined : days * 86_400 - secondsSince(record.refreshedAt ?? record.signedInAt, now);
}

const WARN_BEFORE_SECONDS = 14 * 86_400;
/** Administrators need longer than people who sign in. */
const WARN_BEFORE_CLIENT_ENDS_SECONDS = 30 * 86_400;

/** @param clientEndsInSeconds until the client's secret or key comes to its end; undefined when nobody knows */
export function healthOf(
  record: CredentialRecord | undefined,
  { grant, provider }: Pick<ResolvedAccount, "grant" | "provider">,
  now: Instant,
  clientEndsInSeconds?: number,
): Health {
  const signedIn = grant === "sign_in" ? healthOfSignIn(record, provider, now) : healthWithoutSignIn(record);
  const ends = clientEndsInSeconds !== undefined && clientEndsInSeconds < WARN_BEFORE_CLIENT_ENDS_SECONDS;
  return ends && signedIn === "ok" ? "expiring-client" : signedIn;
}

function healthWithoutSignIn(record: CredentialRecord | undefined): Health {
  return record?.failure === undefined ? "ok" : "failing";
}

function healthOfSignIn(record: CredentialRecord | undefined, provider: OAuthProvider, now: Instant): Health {
  if (record === undefined || record.needsSignIn) return "sign-in-needed";
  if (record.failure !== undefined) return "failing";
  const endsIn = signInEndsInSeconds(record, provider, now);
  if (endsIn !== undefined && endsIn < 0) return "sign-in-needed";
  if (endsIn !== undefined && endsIn < WARN_BEFORE_SECONDS) return "expiring-sign-in";
  return "ok";
}
