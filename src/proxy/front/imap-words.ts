/** What the proxy itself says in IMAP: the codes for its refusals, and its goodbyes. @see RFC 9051 7.1, RFC 5530 */
import { peerText } from "../../platform/text.ts";
import type { Refusal } from "../refusal.ts";
import type { Farewell } from "./front.ts";

/** So that a line stays below a thousand bytes, which is as far as the most modest clients read. */
const MAX_WORDS = 600;

const FAREWELLS: { readonly [F in Farewell]: string } = {
  time: "[UNAVAILABLE] nothing was heard for too long",
  sessions: "[LIMIT] too many connections, try again later",
  stopping: "[UNAVAILABLE] mailkey proxy is stopping",
  upstream: "[UNAVAILABLE] the mail server has ended the connection",
  bug: "[SERVERBUG] mailkey proxy has made a mistake, see its log",
};

export function imapFarewell(reason: Farewell): string {
  return imapBye(FAREWELLS[reason]);
}

/** @param words with a code of theirs, if any */
export function imapBye(words: string): string {
  return `* BYE ${words}\r\n`;
}

const CODES: { readonly [K in Refusal["kind"]]: string } = {
  password: "AUTHENTICATIONFAILED",
  throttled: "LIMIT",
  sessions: "LIMIT",
  needed: "ALERT",
  unavailable: "UNAVAILABLE",
  server: "AUTHORIZATIONFAILED",
};

/** What follows a `NO`, or a `BYE`: a code and words. */
export function refusalText(refusal: Refusal): string {
  return `[${CODES[refusal.kind]}] ${refusalWords(refusal)}`;
}

function refusalWords(refusal: Refusal): string {
  if (refusal.kind === "password") return "wrong user name or password";
  if (refusal.kind === "throttled") return `too many wrong passwords, wait ${refusal.seconds} seconds`;
  if (refusal.kind === "sessions") return "too many sessions, close some of them";
  return imapText(refusal.hint === undefined ? refusal.words : `${refusal.words}: ${refusal.hint}`);
}

/** Foreign words as IMAP can say them: one line of ASCII. */
export function imapText(words: string): string {
  return peerText(words, MAX_WORDS).replace(/[^ -~]/g, "?");
}
