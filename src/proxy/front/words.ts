/** What clients are told, in any protocol: ASCII, one line, short enough for a reply of 512 bytes (RFC 1939, RFC 5321). */
import { peerText } from "../../platform/text.ts";
import type { Refusal } from "../refusal.ts";
import type { Farewell } from "./front.ts";

const MAX_LENGTH = 400;
const MAX_HINT_LENGTH = 300;

/** Words that came from elsewhere, fit to be said. */
export function spoken(words: string, maxLength = MAX_LENGTH): string {
  return peerText(words, maxLength)
    .replaceAll("…", "...")
    .replace(/[^ -~]/g, "?");
}

export function refusalWords(refusal: Refusal): string {
  if (refusal.kind === "password") return "wrong user name or password";
  if (refusal.kind === "throttled") return `too many wrong passwords, try again in ${refusal.seconds} s`;
  if (refusal.kind === "sessions") return "too many sessions at once, try again later";
  if (refusal.hint === undefined) return spoken(refusal.words);
  // However much a server says, what to type is not lost behind it.
  const hint = spoken(refusal.hint, MAX_HINT_LENGTH);
  return `${spoken(refusal.words, MAX_LENGTH - hint.length - ": ".length).replace(/\.$/, "")}: ${hint}`;
}

const FAREWELLS: Readonly<Record<Farewell, string>> = {
  time: "this has taken too long",
  sessions: "too many sessions at once, try again later",
  stopping: "the proxy is stopping",
  upstream: "the mail server has ended the connection",
  bug: "a bug in mailkey: its log says more",
};

export function farewellWords(reason: Farewell): string {
  return FAREWELLS[reason];
}
