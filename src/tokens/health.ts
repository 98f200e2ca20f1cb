/** What can be told about an account without asking its vault or its provider. */
import { elapsedMs, type Instant } from "../platform/clock.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import type { OAuthProvider } from "../providers/provider.ts";
import { secondsLeft } from "./sign-in-end.ts";
import type { CredentialRecord } from "./record.ts";

export type Health = "ok" | "expiring-sign-in" | "expiring-client" | "failing" | "sign-in-needed";

/** Seconds since a moment of the record's. */
export function secondsSince(moment: Instant, now: Instant): number {
  return elapsedMs(moment, now) / 1000;
}

/** How a sign-in comes to its end. */
export interface SignInEnding {
  /** Below 0 when it is over. */
  readonly inSeconds: number;
  /** Seconds that it lasts altogether. */
  readonly spanSeconds: number;
  /** `unused`: unless a token is renewed; `fixed`: whatever is done, as the provider has said. */
  readonly cause: "unused" | "fixed";
}

/** The end that comes first, or undefined when there is none, or nobody knows. */
export function signInEnding(
  record: CredentialRecord,
  provider: OAuthProvider,
  now: Instant,
): SignInEnding | undefined {
  const { refreshIdleDays: days } = provider.tokens;
  const unused =
    days === undefined ? undefined : days * 86_400 - secondsSince(record.refreshedAt ?? record.signedInAt, now);
  const { signInEnd } = record;
  const fixed = signInEnd === undefined ? undefined : secondsLeft(signInEnd, now);
  if (signInEnd !== undefined && fixed !== undefined && (unused === undefined || fixed <= unused))
    return { inSeconds: fixed, spanSeconds: signInEnd.spanSeconds, cause: "fixed" };
  return unused === undefined || days === undefined
    ? undefined
    : { inSeconds: unused, spanSeconds: days * 86_400, cause: "unused" };
}

const WARN_BEFORE_SECONDS = 14 * 86_400;

/** Seconds before its end that a sign-in of this span is said to end soon: of a short one not before half of it is over. */
export function warnBeforeSeconds({ spanSeconds }: SignInEnding): number {
  return Math.min(WARN_BEFORE_SECONDS, spanSeconds / 2);
}

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
  const ending = signInEnding(record, provider, now);
  if (ending !== undefined && ending.inSeconds < 0) return "sign-in-needed";
  if (ending !== undefined && ending.inSeconds < warnBeforeSeconds(ending)) return "expiring-sign-in";
  return "ok";
}
