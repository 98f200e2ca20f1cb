/** A dialogue with a mail server that goes no further. `login.ts` makes reports of them; they leave this folder as such. */
import { MailkeyError } from "../errors.ts";
import type { FailureChallenge } from "../sasl/failure-challenge.ts";
import type { LoginProblem } from "./report.ts";

export interface MailServerErrorOptions {
  readonly cause?: unknown;
  /** The server's words as they came, the token possibly among them: never shown but through `peerText` with the secrets. */
  readonly said?: string | undefined;
  readonly challenge?: FailureChallenge | undefined;
}

export class MailServerError extends MailkeyError {
  readonly reason: LoginProblem;
  readonly said: string | undefined;
  readonly challenge: FailureChallenge | undefined;

  constructor(reason: LoginProblem, message: string, options: MailServerErrorOptions = {}) {
    super("ERR_MAIL_LOGIN", message, { cause: options.cause });
    this.reason = reason;
    this.said = options.said;
    this.challenge = options.challenge;
  }
}
