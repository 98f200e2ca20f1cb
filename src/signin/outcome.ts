/** How a sign-in that failed is told: the error for the terminal and the page for the browser. Decides nothing. */
import { MailkeyError } from "../errors.ts";
import { explainCode } from "../explain/match.ts";
import type { PermanentFailure, TransientFailure } from "../oauth/token-endpoint.ts";
import type { Identity } from "../oauth/identity.ts";
import type { Flow } from "./choose.ts";
import type { Page } from "./page.ts";
import { shellWord } from "../platform/shell.ts";

/** What is needed to name things. */
export interface Setting {
  readonly providerName: string;
  readonly clientName: string;
  /** Who has to sign in. */
  readonly login: string;
  readonly flow: Flow;
}

/** A person said no, or did not say anything in time. `authorization_declined` is Microsoft's word for it. */
const DECLINED: ReadonlySet<string> = new Set(["access_denied", "authorization_declined"]);
const EXPIRED: ReadonlySet<string> = new Set(["expired_token", "code_expired", "bad_verification_code"]);
/** The registration is at fault, not the person. @see RFC 6749 4.1.2.1, 5.2 */
const CLIENT_AT_FAULT: ReadonlySet<string> = new Set(["invalid_client", "unauthorized_client"]);

/** Conditional Access: it very often blocks just the device codes. */
const BLOCKED_BY_POLICY = "AADSTS53003";

export function signInError(setting: Setting, failure: PermanentFailure | TransientFailure): MailkeyError {
  const { providerName, clientName, flow } = setting;
  if (failure.kind === "transient") {
    return new MailkeyError("ERR_PROVIDER_UNAVAILABLE", `cannot sign in at ${providerName}: ${failure.reason}`, {
      cause: failure.cause,
      hint: "try again later",
    });
  }
  const { error, vendorCode, description } = failure;
  const details = { error, vendorCode, flow };
  const words = description === undefined ? error : `${error}: ${description}`;
  if (EXPIRED.has(error)) {
    const message =
      flow === "device" ? "the code has expired before it was typed in" : `the sign-in has expired (${words})`;
    return new MailkeyError("ERR_SIGN_IN_FAILED", message, { hint: "run the same command again", details });
  }
  if (error === "invalid_grant" && vendorCode === undefined) {
    const message = `${providerName} does not take the code of this sign-in (${words}): it was used already, or is too old`;
    return new MailkeyError("ERR_SIGN_IN_FAILED", message, { hint: "run the same command again", details });
  }
  const hint = remedy(vendorCode, flow);
  if (DECLINED.has(error)) {
    const why = description === undefined ? "" : ` (${description})`;
    return new MailkeyError("ERR_SIGN_IN_FAILED", `the sign-in at ${providerName} was declined${why}`, {
      hint,
      details,
    });
  }
  if (CLIENT_AT_FAULT.has(error))
    return new MailkeyError("ERR_CLIENT_REJECTED", `${providerName} refuses ${clientName} (${words})`, {
      hint,
      details,
    });
  return new MailkeyError("ERR_SIGN_IN_FAILED", `${providerName} refuses the sign-in (${words})`, { hint, details });
}

/** By the provider's own code; only explains, never decides. */
function remedy(vendorCode: string | undefined, flow: Flow): string | undefined {
  if (vendorCode === undefined) return undefined;
  if (vendorCode === BLOCKED_BY_POLICY && flow === "device")
    return "--flow paste (your organisation may block device codes only)";
  return explainCode(vendorCode)?.signIn;
}

export function wrongUserError(login: string, identity: Identity): MailkeyError {
  const [someone] = identity.addresses;
  const flag = `--login-as ${shellWord(someone)}`; // the provider's word, and to be typed
  return new MailkeyError(
    "ERR_WRONG_USER",
    `${someone} signed in, but ${login} was asked for: nothing has been stored`,
    {
      hint: `sign in as ${login}, in a private window if need be; if ${someone} is who may open that mailbox, add ${flag}`,
      details: { signedIn: someone, expected: login },
    },
  );
}

export function noRefreshTokenError({ providerName, clientName }: Setting): MailkeyError {
  return new MailkeyError(
    "ERR_SIGN_IN_FAILED",
    `${providerName} gave no refresh token to ${clientName}: the sign-in would end within the hour`,
    { hint: "register the client for offline access, or withdraw the old grant at the provider and sign in again" },
  );
}

export function successPage({ providerName, login }: Setting, identity: Identity | undefined): Page {
  const who = identity?.addresses[0] ?? login;
  return {
    tone: "good",
    title: "Signed in",
    text: [
      `${providerName} has signed in ${who} for mailkey.`,
      "You can close this page. The terminal goes on by itself and says what to do next.",
    ],
  };
}

export function failurePage(setting: Setting, failure: PermanentFailure | TransientFailure): Page {
  const isDeclined = failure.kind === "permanent" && DECLINED.has(failure.error);
  const said = failure.kind === "transient" ? failure.reason : (failure.description ?? failure.error);
  return {
    tone: "bad",
    title: isDeclined ? "The sign-in was declined" : "The sign-in did not work",
    text: [
      `${setting.providerName} did not sign in ${setting.login} for mailkey. Nothing has been stored.`,
      "The terminal says more; to try again, run the same command there. The reason given is:",
    ],
    quote: said,
  };
}

export function wrongUserPage(login: string, identity: Identity): Page {
  return {
    tone: "bad",
    title: "Somebody else signed in",
    text: [
      `${identity.addresses[0]} is signed in in this browser, but mailkey was asked to sign in ${login}. Nothing has been stored.`,
      `To try again, run the same command in the terminal, and open its address in a private window or choose another account on the provider's page.`,
    ],
  };
}

export function noRefreshTokenPage({ providerName }: Setting): Page {
  return {
    tone: "bad",
    title: "The sign-in would not last",
    text: [
      `${providerName} gave no permission to stay signed in. Nothing has been stored; the terminal says what helps.`,
    ],
  };
}
