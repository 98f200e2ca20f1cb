/** Why a mailbox could not be opened, as clients are told. */
import type { ErrorCode, MailkeyError } from "../../errors.ts";
import type { LoginFailure } from "../../mail/report.ts";
import { isPassingReply } from "../../mail/response-code.ts";
import type { Mailbox } from "../mailboxes.ts";
import type { Refusal } from "../refusal.ts";

/** Nobody has to do anything about these but wait. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "ERR_PROVIDER_UNAVAILABLE",
  "ERR_LOCK_TIMEOUT",
  "ERR_STORAGE",
  "ERR_INTERRUPTED",
]);

/** There is no token. */
export function withoutToken({ code, message, hint }: MailkeyError): Refusal {
  return { kind: PASSING.has(code) ? "unavailable" : "needed", words: message, hint, code };
}

/** Whether it is the token that the server refuses: another one may do. */
export function isTokenRefused({ stage, reason, protocol, said = "" }: LoginFailure): boolean {
  return stage === "authentication" && reason === "refused" && !isPassingReply(protocol, said);
}

/** There was a token, and it did not help. */
export async function withToken(failure: LoginFailure, { address, about }: Mailbox): Promise<Refusal> {
  const { hintFor } = await import("../../mail/explain-login.ts"); // the catalogue is large, and seldom needed
  const isFinal = isTokenRefused(failure) || failure.reason === "no-mechanism";
  const { message, said } = failure;
  return {
    kind: isFinal ? "server" : "unavailable",
    words: said === undefined ? message : `${message}: ${said}`,
    hint: hintFor(failure, { providerId: "", ...about, address }),
  };
}
