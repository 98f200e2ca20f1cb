/**
 * What went wrong in gpg, told apart by its status lines: gpg's own last words are "No secret key" for a missing key, a
 * wrong passphrase and a missing terminal alike.
 *
 * @see https://git.gnupg.org, doc/DETAILS (status lines); err-codes.h.in of libgpg-error (numbers)
 */
import { MailkeyError, type ErrorCode } from "../errors.ts";
import { peerText } from "../platform/text.ts";
import { extensionLines } from "./gpg-keys.ts";
import { runGpg, type Gpg, type GpgResult } from "./gpg-run.ts";

/** gpg's error values carry their origin in the upper bits. */
const CODE_MASK = 0xffff;

interface Failure {
  readonly code: ErrorCode;
  /** For `--json` and tests. */
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

const UNATTENDED = "mailkey vault move age (works unattended)";
const SIGN_IN_AGAIN = "restore it from a backup, or sign in again: mailkey login ADDRESS";

const DAMAGED: Failure = {
  code: "ERR_VAULT_DAMAGED",
  reason: "damaged",
  message: "the stored credential is damaged",
  hint: SIGN_IN_AGAIN,
};

const NO_CARD: Failure = {
  code: "ERR_VAULT_LOCKED",
  reason: "no_card",
  message: "the smartcard with the gpg key is not there or not ready",
  hint: "insert it and try: gpg --card-status",
};

const CANCELLED: Failure = {
  code: "ERR_VAULT_LOCKED",
  reason: "cancelled",
  message: "the passphrase prompt of gpg was cancelled",
  hint: "run the command again and enter the passphrase",
};

const NEEDS_PERSON: Failure = {
  code: "ERR_VAULT_LOCKED",
  reason: "needs_person",
  message: "gpg has to ask for the passphrase of its key",
  hint: "mailkey agent unlock",
};

/** By the number in `ERROR pkdecrypt_failed NUMBER`. */
const DECRYPT_FAILURES: Readonly<Record<number, Failure>> = {
  10: DAMAGED, // checksum
  11: {
    code: "ERR_VAULT_LOCKED",
    reason: "bad_passphrase",
    message: "the passphrase of the gpg key is wrong",
    hint: "try it by hand: gpg --decrypt",
  },
  32870: {
    code: "ERR_VAULT_LOCKED", // ENOTTY
    reason: "no_terminal",
    message: "gpg has to ask for a passphrase and there is no terminal for it",
    hint: `export GPG_TTY=$(tty), or give a passphrase file: mailkey vault use gpg --passphrase-file FILE, or ${UNATTENDED}`,
  },
  85: {
    code: "ERR_VAULT_UNUSABLE",
    reason: "no_pinentry",
    message: "gpg has to ask for a passphrase and pinentry is not installed",
    hint: `install pinentry (Debian, Ubuntu: apt install pinentry-curses), or ${UNATTENDED}`,
  },
  99: CANCELLED,
  198: CANCELLED,
  62: {
    code: "ERR_VAULT_LOCKED",
    reason: "timeout",
    message: "nobody answered the passphrase prompt of gpg in time",
    hint: `run the command again and enter the passphrase, or ${UNATTENDED}`,
  },
  177: {
    code: "ERR_VAULT_LOCKED",
    reason: "no_passphrase",
    message: "gpg was given no passphrase for its key",
    hint: "mailkey vault use gpg --passphrase-file FILE",
  },
  110: NO_CARD,
  112: NO_CARD,
  119: { ...NO_CARD, code: "ERR_VAULT_UNUSABLE", message: "gpg's smartcard program scdaemon is not installed" },
  130: { ...NO_CARD, reason: "pin_blocked", message: "the PIN of the smartcard is blocked", hint: "gpg --card-edit" },
};

const NOT_SUPPORTED = 60;

/** How gpg was run. */
export interface DecryptRun {
  readonly hasPassphrase: boolean;
  /** Every question was cancelled before anybody saw it. */
  readonly isSilent: boolean;
}

/** Turns a decryption that failed into the error to throw. May ask gpg once more what keys there are. */
export async function decryptFailure(
  gpg: Gpg,
  result: GpgResult,
  { hasPassphrase, isSilent }: DecryptRun,
): Promise<MailkeyError> {
  const number = errorNumber(result, "pkdecrypt_failed");
  if (errorNumber(result, "set_pinentry_mode") === NOT_SUPPORTED) {
    return failure(result, {
      code: "ERR_VAULT_UNUSABLE",
      reason: "loopback_forbidden",
      message: "gpg-agent does not accept a passphrase from a file or command",
      hint: "remove no-allow-loopback-pinentry from gpg-agent.conf, then: gpgconf --reload gpg-agent",
    });
  }
  const known = number === undefined ? undefined : DECRYPT_FAILURES[number];
  if (known !== undefined) return failure(result, isSilent && known === CANCELLED ? NEEDS_PERSON : known);
  // In batch mode loopback without a passphrase ends gpg in the middle of the question.
  if (has(result, "NEED_PASSPHRASE") && !has(result, "DECRYPTION_FAILED") && !hasPassphrase) {
    return failure(result, {
      code: "ERR_VAULT_LOCKED",
      reason: "loopback_without_source",
      message: "gpg.conf asks for loopback pinentry, and mailkey was given no passphrase to answer with",
      hint: "mailkey vault use gpg --passphrase-file FILE, or remove pinentry-mode from gpg.conf",
    });
  }
  const missing = result.statuses.find(({ keyword }) => keyword === "NO_SECKEY")?.words[0];
  if (missing !== undefined && number === undefined) return failure(result, await missingKey(gpg, missing));
  if (
    number === undefined &&
    ["BADMDC", "NODATA", "DECRYPTION_FAILED", "UNEXPECTED"].some((word) => has(result, word))
  ) {
    return failure(result, DAMAGED);
  }
  return failure(result, unexplained("decrypt", result));
}

/** Without its agent gpg claims that no secret key is there. Listing the keys fails only when the agent does. */
async function missingKey(gpg: Gpg, keyId: string): Promise<Failure> {
  const listing = await runGpg(gpg, ["--with-colons", "--list-secret-keys"]);
  if (listing.status !== 0) {
    return {
      code: "ERR_VAULT_UNUSABLE",
      reason: "no_agent",
      message: "gpg cannot start or reach its agent",
      hint: "see what it says: gpg-connect-agent /bye",
    };
  }
  return {
    code: "ERR_VAULT_UNUSABLE",
    reason: "no_secret_key",
    message: `the secret key ${keyId} that the credential is encrypted to is not in this gpg`,
    hint: "import it from a backup (gpg --import FILE), or set GNUPGHOME to where it is; if it is lost: mailkey vault init gpg --leave-behind, then sign in again",
  };
}

/** Turns an encryption that failed into the error to throw. */
export async function encryptFailure(gpg: Gpg, recipient: string, result: GpgResult): Promise<MailkeyError> {
  if (!has(result, "INV_RECP")) return failure(result, unexplained("encrypt", result));
  const listing = await runGpg(gpg, ["--with-colons", "--list-keys", "--", recipient]);
  const records = new TextDecoder()
    .decode(listing.stdout)
    .split("\n")
    .map((line) => line.split(":"));
  const validity = new Set(
    records.filter(([type]) => type === "pub" || type === "sub").map((fields) => fields[1] ?? ""),
  );
  const key = { code: "ERR_VAULT_UNUSABLE", hint: "mailkey vault move gpg --recipient OTHER_KEY" } as const;
  const because = (reason: string, words: string): Failure => ({
    ...key,
    reason,
    message: `gpg cannot encrypt to ${recipient}: ${words}`,
  });
  if (validity.size === 0) return failure(result, because("no_public_key", "there is no such key"));
  if (validity.has("r")) return failure(result, because("key_revoked", "the key is revoked"));
  if (validity.has("e")) {
    return failure(result, {
      ...because("key_expired", "the key has expired"),
      hint: (await extensionLines(gpg, recipient)).join(" && "),
    });
  }
  return failure(result, because("key_unusable", "the key cannot be used for encryption"));
}

function unexplained(what: "encrypt" | "decrypt", result: GpgResult): Failure {
  return {
    code: "ERR_VAULT_UNUSABLE",
    reason: "other",
    message: `gpg cannot ${what} (status ${result.status}): ${lastWords(result.stderr)}`,
    hint: "see what it says by hand: gpg --decrypt FILE; mailkey vault shows the folder",
  };
}

/** gpg's own last line for people. It names keys and files, never contents. */
function lastWords(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("[GNUPG:]"));
  return peerText(lines.at(-1) ?? "it said nothing", 200);
}

function failure(result: GpgResult, { code, reason, message, hint }: Failure): MailkeyError {
  return new MailkeyError(code, message, { hint, details: { reason, status: result.status } });
}

function has(result: GpgResult, keyword: string): boolean {
  return result.statuses.some((status) => status.keyword === keyword);
}

/** The error code of `ERROR location number`, without its origin. */
function errorNumber(result: GpgResult, location: string): number | undefined {
  const status = result.statuses.find(({ keyword, words }) => keyword === "ERROR" && words[0] === location);
  const value = Number(status?.words[1]);
  return Number.isInteger(value) ? value & CODE_MASK : undefined;
}
