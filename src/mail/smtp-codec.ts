/** SMTP submission as far as logging in needs it: values in, values out. @see RFC 5321, RFC 4954 (AUTH), RFC 3463 */
import { Secret } from "../platform/secret.ts";
import type { MechanismName } from "../sasl/mechanism.ts";

export interface SmtpLine {
  readonly code: number;
  readonly text: string;
  /** More lines of the same reply follow. */
  readonly more: boolean;
}

export interface SmtpReply {
  readonly code: number;
  readonly lines: readonly string[];
}

const LINE = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s;

/** The whole command line, its end included (RFC 5321 4.5.3.1.4). Gmail and Dovecot insist on it. */
const MAX_COMMAND_BYTES = 512;

/** @returns undefined when it is not SMTP */
export function parseSmtpLine(line: string): SmtpLine | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  return { code: Number(match[1]), more: match[2] === "-", text: match[3] ?? "" };
}

/** The mechanisms in an EHLO reply; some old servers write `AUTH=`. */
export function mechanismsInEhlo(reply: SmtpReply): string[] {
  return reply.lines
    .slice(1) // the first line is a greeting
    .flatMap((line) => /^AUTH[ =](.*)$/i.exec(line)?.[1]?.toUpperCase().split(/[ =]/) ?? [])
    .filter(Boolean);
}

/** The AUTH command with the initial response on the same line; undefined when it would be too long for that. */
export function encodeAuth(mechanism: MechanismName, initialResponse: Secret): Secret | undefined {
  const line = `AUTH ${mechanism} ${initialResponse.reveal()}`;
  return line.length + "\r\n".length > MAX_COMMAND_BYTES ? undefined : new Secret(line);
}

/** The server's words with the codes that people search the web for: `535 5.7.3 Authentication unsuccessful`. */
export function wordsOf(reply: SmtpReply): string {
  return `${reply.code} ${reply.lines.join(" ")}`;
}

/** The server's words without codes, enhanced ones included (RFC 3463). */
export function withoutCodes(reply: SmtpReply): string {
  return reply.lines.map((line) => line.replace(/^[2-5]\.[0-9]{1,3}\.[0-9]{1,3}(?: |$)/, "")).join(" ");
}
