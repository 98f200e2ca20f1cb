/** What the proxy itself says in IMAP: the common words with IMAP's codes. @see RFC 9051 7.1, RFC 5530 */
import type { Refusal } from "../refusal.ts";
import type { Farewell } from "./front.ts";
import { farewellWords, refusalWords } from "./words.ts";

const FAREWELL_CODES: Readonly<Record<Farewell, string>> = {
  time: "UNAVAILABLE",
  sessions: "LIMIT",
  stopping: "UNAVAILABLE",
  upstream: "UNAVAILABLE",
  bug: "SERVERBUG",
};

const REFUSAL_CODES: Readonly<Record<Refusal["kind"], string>> = {
  password: "AUTHENTICATIONFAILED",
  throttled: "LIMIT",
  sessions: "LIMIT",
  needed: "ALERT",
  unavailable: "UNAVAILABLE",
  server: "AUTHORIZATIONFAILED",
};

export function imapFarewell(reason: Farewell): string {
  return imapBye(`[${FAREWELL_CODES[reason]}] ${farewellWords(reason)}`);
}

/** @param text words, with a code before them or not */
export function imapBye(text: string): string {
  return `* BYE ${text}\r\n`;
}

/** What follows a `NO`, or a `BYE`. */
export function imapRefusal(refusal: Refusal): string {
  return `[${REFUSAL_CODES[refusal.kind]}] ${refusalWords(refusal)}`;
}
