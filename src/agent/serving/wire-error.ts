/** Errors on their way to a client. What is not mailkey's own is a bug, and is not quoted: it may hold what it stumbled over. */
import { isMailkeyError, MailkeyError } from "../../errors.ts";
import { PROTOCOL_VERSION, type ErrorReply, type WireError } from "../protocol.ts";

export function wireError({ code, message, hint, details }: MailkeyError): WireError {
  return { code, message, hint, details };
}

export function errorLine(error: unknown): string {
  return refusalLine(wireError(asMailkeyError(error)));
}

export function refusalLine(error: WireError): string {
  const reply: ErrorReply = { v: PROTOCOL_VERSION, error };
  return JSON.stringify(reply);
}

export function asMailkeyError(error: unknown): MailkeyError {
  if (isMailkeyError(error)) return error;
  const what = error instanceof Error ? error.name : typeof error;
  return new MailkeyError("ERR_PROGRAM", `this is a bug in mailkey's agent: ${what}`, { hint: "mailkey agent stop" });
}
