/**
 * What processes of ours say to each other on unix sockets: a line of JSON asks, a line of JSON answers. The frame that all such conversations have
 * in common: version, home, errors, and what is said while an answer takes its time.
 */
import { isMailkeyError, MailkeyError, type ErrorCode } from "../errors.ts";

export interface FrameOfRequest {
  readonly v: number;
  /** The folders of the asking program's configuration and state: nobody answers for another home. */
  readonly config: string;
  readonly state: string;
}

/** A MailkeyError on the wire. */
export interface WireError {
  readonly code: ErrorCode | (typeof CONVERSATION_ERRORS)[number];
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}

export interface ErrorReply {
  readonly v: number;
  readonly error: WireError;
}

/** Said at once when the answer is not there yet: `working`. */
export interface WaitReply {
  readonly v: number;
  readonly wait: string;
}

/**
 * Refusals that concern the conversation and not what was asked for; the asker then does without.
 * `other_home`: it serves other folders. `version`: it does not speak this version. `request`: not a request. `busy`: too many clients.
 */
export const CONVERSATION_ERRORS = ["other_home", "version", "request", "busy"] as const;

/** A MailkeyError that came over the wire. */
export function errorOf({ code, message, hint, details }: WireError): MailkeyError {
  return new MailkeyError(code as ErrorCode, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

export function wireError({ code, message, hint, details }: MailkeyError): WireError {
  return { code, message, hint, details };
}

export function refusalLine(v: number, error: WireError): string {
  return JSON.stringify({ v, error } satisfies ErrorReply);
}

/** What is not mailkey's own is a bug, and is not quoted: it may hold what it stumbled over. @param who `agent`, `proxy` */
export function asMailkeyError(error: unknown, who: string): MailkeyError {
  if (isMailkeyError(error)) return error;
  const what = error instanceof Error ? error.name : typeof error;
  return new MailkeyError("ERR_PROGRAM", `this is a bug in mailkey's ${who}: ${what}`, { hint: `mailkey ${who} stop` });
}
