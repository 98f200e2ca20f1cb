/**
 * The one place that turns errors into exit statuses and default hints. Mail programs and scripts depend on 75, 77 and 78.
 *
 * @see sysexits.h
 */
import type { ErrorCode } from "../errors.ts";

/** `setup --check` found something that is not as it was written. */
export const EXIT_DRIFT = 1;
export const EXIT_USAGE = 64;
export const EXIT_TRY_LATER = 75;
export const EXIT_SIGN_IN_AGAIN = 77;
export const EXIT_CONFIGURATION = 78;
/** What `doctor` found: it works, but not for ever or not safely; something does not work. */
export const EXIT_WARNINGS_FOUND = 1;
export const EXIT_ERRORS_FOUND = 2;
/** A bug of mailkey's own (EX_SOFTWARE). */
export const EXIT_INTERNAL = 70;

/** Every exit status, for help and the man page, the usual ones first. */
export const EXIT_STATUSES: readonly { readonly status: number; readonly meaning: string }[] = [
  { status: 0, meaning: "done" },
  { status: EXIT_USAGE, meaning: "wrong usage" },
  { status: 69, meaning: "a mail server refused" },
  { status: 74, meaning: "storage" },
  { status: EXIT_TRY_LATER, meaning: "try later" },
  { status: EXIT_SIGN_IN_AGAIN, meaning: "sign in again" },
  { status: EXIT_CONFIGURATION, meaning: "mend the configuration" },
  { status: EXIT_INTERNAL, meaning: "a bug" },
  { status: 130, meaning: "interrupted" },
];

interface Outcome {
  readonly status: number;
  /** Shown when the error itself brings no hint. */
  readonly hint?: string;
}

const OUTCOMES: Record<ErrorCode, Outcome> = {
  ERR_USAGE: { status: EXIT_USAGE, hint: "mailkey help" },
  ERR_CONFIG: { status: EXIT_CONFIGURATION },
  ERR_ACCOUNT_UNKNOWN: { status: EXIT_CONFIGURATION, hint: "mailkey list" },
  ERR_PROVIDER_UNKNOWN: { status: EXIT_CONFIGURATION, hint: "mailkey providers" },
  ERR_UNSUPPORTED: { status: EXIT_CONFIGURATION },
  ERR_CLIENT_REJECTED: { status: EXIT_CONFIGURATION, hint: "mailkey providers" },
  ERR_SIGN_IN_AGAIN: { status: EXIT_SIGN_IN_AGAIN, hint: "mailkey login ADDRESS" },
  ERR_SIGN_IN_FAILED: { status: EXIT_SIGN_IN_AGAIN },
  ERR_WRONG_USER: { status: EXIT_SIGN_IN_AGAIN },
  ERR_PROVIDER_UNAVAILABLE: { status: EXIT_TRY_LATER },
  ERR_MAIL_LOGIN: { status: 69 },
  ERR_VAULT_LOCKED: { status: EXIT_TRY_LATER },
  ERR_VAULT_UNUSABLE: { status: EXIT_CONFIGURATION, hint: "mailkey vault" },
  ERR_VAULT_DAMAGED: { status: EXIT_SIGN_IN_AGAIN },
  ERR_STORAGE: { status: 74 },
  ERR_LOCK_TIMEOUT: { status: EXIT_TRY_LATER },
  ERR_UNTRUSTED_FILE: { status: EXIT_CONFIGURATION },
  ERR_PROGRAM: { status: EXIT_CONFIGURATION },
  ERR_INTERRUPTED: { status: 130 },
};

/** @param code one that is not known is that of an agent which is newer than this program */
export function outcomeOf(code: ErrorCode): Outcome {
  return Object.hasOwn(OUTCOMES, code) ? OUTCOMES[code] : { status: EXIT_TRY_LATER };
}
