/** Text that came from somewhere else, made fit for a terminal and a log. */
import type { Secret } from "./secret.ts";

/**
 * One line of a peer's words: control characters (escape sequences, bidirectional overrides) become spaces, runs of
 * white space one space, and it is cut at `maxLength` characters. Any of `secrets` in it is replaced wholly.
 */
export function peerText(text: string, maxLength: number, secrets: readonly Secret[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value.length >= 4)
      clean = clean.replaceAll(value, "[redacted]").replaceAll(encodeURIComponent(value), "[redacted]");
  }
  clean = clean
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean;
}
