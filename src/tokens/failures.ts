/** The token path's failures as errors: which code, which words, which next command. */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { PermanentFailure, TransientFailure } from "../oauth/token-endpoint.ts";
import type { Refusal } from "./credential.ts";
import { shellWord } from "../platform/shell.ts";

/** Errors of RFC 6749 5.2 and OIDC Core 3.1.2.6 that a new sign-in mends; all others are about the client or the request. */
const SIGN_IN_MENDS: ReadonlySet<string> = new Set([
  "invalid_grant",
  "interaction_required",
  "login_required",
  "consent_required",
  "account_selection_required",
  "access_denied",
]);

/** Whether signing in again is what mends this RFC 6749 error. */
export function isMendedBySignIn(error: string): boolean {
  return SIGN_IN_MENDS.has(error);
}

export function signInNeeded(address: string): MailkeyError {
  return new MailkeyError("ERR_SIGN_IN_AGAIN", `${address} is not signed in`, {
    hint: `mailkey login ${shellWord(address)}`,
  });
}

export function unavailableError(address: string, failure: TransientFailure): MailkeyError {
  const wait =
    failure.retryAfterMs === undefined ? "" : `; it asks to wait ${Math.ceil(failure.retryAfterMs / 1000)} s`;
  return new MailkeyError(
    "ERR_PROVIDER_UNAVAILABLE",
    `cannot renew the token of ${address}: ${failure.reason}${wait}`,
    {
      cause: failure.cause,
      hint: "nothing is lost: try again later",
      details: { retryAfterMs: failure.retryAfterMs },
    },
  );
}

/** @param failure one that `isMendedBySignIn` */
export function signInOver(account: ResolvedAccount, failure: PermanentFailure): MailkeyError {
  const { error, vendorCode, description } = failure;
  const words = description === undefined ? error : `${error}: ${description}`;
  return new MailkeyError(
    "ERR_SIGN_IN_AGAIN",
    `${account.provider.name} no longer accepts the sign-in of ${account.credential} (${words})`,
    {
      hint: `mailkey login ${shellWord(account.credential)}`,
      details: { error, vendorCode, address: account.address },
    },
  );
}

/** A refusal remembered from an earlier attempt. */
export function refusedError(account: ResolvedAccount, { error, vendorCode }: Refusal): MailkeyError {
  const words = vendorCode === undefined ? {} : { vendorCode, description: vendorCode };
  return signInOver(account, { kind: "permanent", error, ...words });
}

export function busyError(address: string): MailkeyError {
  return new MailkeyError(
    "ERR_LOCK_TIMEOUT",
    `another process has been renewing the token of ${address} for too long`,
    {
      hint: "try again later",
    },
  );
}
