/**
 * The closed set of errors. Everything mailkey throws on purpose is a `MailkeyError`; code branches on
 * `code`, never on message text. Messages are lower case, without a full stop, and never hold a secret.
 *
 * Exit statuses belong to the command line (`cli/exit.ts`), not here.
 */

/** Every way in which mailkey fails on purpose. */
export type ErrorCode =
  /** The command line is wrong: unknown flag, missing argument. */
  | "ERR_USAGE"
  /** A configuration or account file is missing, malformed or contradictory. */
  | "ERR_CONFIG"
  /** No account of that address is configured. */
  | "ERR_ACCOUNT_UNKNOWN"
  /** No provider of that name, or none found for an address. */
  | "ERR_PROVIDER_UNKNOWN"
  /** The provider offers no OAuth2 for mail, or not the thing that was asked for. */
  | "ERR_UNSUPPORTED"
  /** The client registration is known to be disabled, or the authorization server refuses it. */
  | "ERR_CLIENT_REJECTED"
  /** The grant is gone for good: a person has to sign in again. */
  | "ERR_SIGN_IN_AGAIN"
  /** An interactive sign-in did not succeed (declined, expired, wrong redirect). */
  | "ERR_SIGN_IN_FAILED"
  /** Somebody signed in, but not as the account's user. */
  | "ERR_WRONG_USER"
  /** The provider cannot be reached or is not itself: try later. */
  | "ERR_PROVIDER_UNAVAILABLE"
  /** A mail server refused the login, or is not reachable. */
  | "ERR_MAIL_LOGIN"
  /** The vault's key is there but locked: no terminal, wrong passphrase, agent without it. */
  | "ERR_VAULT_LOCKED"
  /** The vault cannot work as configured: no key, no program, no bus. */
  | "ERR_VAULT_UNUSABLE"
  /** What the vault holds cannot be decrypted or understood. */
  | "ERR_VAULT_DAMAGED"
  /** Reading or writing failed: full disk, read-only file system, permissions. */
  | "ERR_STORAGE"
  /** Another process holds the account's lock for too long. */
  | "ERR_LOCK_TIMEOUT"
  /** A file that must be private or owned by the user is not. */
  | "ERR_UNTRUSTED_FILE"
  /** A helper program (gpg, a command of the user's) failed or is missing. */
  | "ERR_PROGRAM"
  /** The user interrupted. */
  | "ERR_INTERRUPTED";

export interface MailkeyErrorOptions {
  /** What made it fail. */
  readonly cause?: unknown;
  /** The next command to type, or the next thing to do, when it is known where the error is made. */
  readonly hint?: string | undefined;
  /** Machine-readable particulars without secrets, shown by `--json`. */
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** The one base class. */
export class MailkeyError extends Error {
  override readonly name = "MailkeyError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: MailkeyErrorOptions["details"];

  constructor(code: ErrorCode, message: string, options: MailkeyErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** Whether `error` is a mailkey error, of `code` when one is given. */
export function isMailkeyError(error: unknown, code?: ErrorCode): error is MailkeyError {
  return error instanceof MailkeyError && (code === undefined || error.code === code);
}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`, …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Of an error that is a bug: its kind, and where in the code. Not its words, which may quote what it stumbled over. */
export function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frame = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  return `${error.name} ${frame?.trim() ?? ""}`;
}
