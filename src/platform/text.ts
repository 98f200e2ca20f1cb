/** Text that came from somewhere else, made fit for a terminal and a log. */
import { withoutSecrets } from "./redact.ts";
import type { Secret } from "./secret.ts";

/** Of a terminal, in one byte or two, and those that turn the direction of what is written. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Of what is to be cut, so many times as much is looked at: words that secrets are taken out of shrink, and looking for secrets in all that a
 * hostile server may say would take seconds, for which everybody else has to wait.
 */
const LOOKED_AT = 8;

/**
 * One line of a peer's words: control characters (escape sequences, bidirectional overrides) become spaces, runs of
 * white space one space; `secrets` and pieces of them are taken out, and it is cut at `maxLength` characters.
 */
export function peerText(text: string, maxLength: number, secrets: readonly Secret[] = []): string {
  // In this order: what a control character or the cut splits in two would not be recognised.
  const seen = text.slice(0, LOOKED_AT * maxLength);
  const line = withoutControls(seen).replace(/\s+/g, " ").trim();
  const clean = secrets.length === 0 ? line : withoutSecrets(line, secrets);
  const isWhole = clean.length <= maxLength && seen.length === text.length;
  return isWhole ? clean : `${clean.slice(0, maxLength - 1)}…`;
}

/** `text` with a space for every control character: for lines whose own spaces count, such as commands. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, " ");
}

/** JSON that shows on a terminal as what it is: control characters are escaped, those that JSON itself allows included. */
export function jsonText(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent);
  return json.replace(CONTROLS, (one) =>
    one === "\n" ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
