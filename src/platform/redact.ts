/**
 * Takes secrets out of a peer's words. Servers echo what they were sent: whole, cut off at some column, decoded, or wrapped
 * over lines. So every stretch of text that shares a run of characters with a secret goes.
 */
import type { Secret } from "./secret.ts";

const REDACTED = "[redacted]";

/**
 * Runs this long are taken for a piece of the secret. Shorter ones meet by chance in tokens of some thousand characters;
 * longer ones would leave more of a piece standing.
 */
const RUN_LENGTH = 8;

/** `text` without the secrets and any piece of them that is long enough to tell. */
export function withoutSecrets(text: string, secrets: readonly Secret[]): string {
  const forms = new Set(secrets.flatMap((secret) => formsOf(secret.reveal())));
  forms.delete("");
  return redact(text, [...forms]);
}

function formsOf(value: string): string[] {
  return [value, encodeURIComponent(value), Buffer.from(value, "utf8").toString("base64")];
}

/** Looks for the text's runs in the forms, not the other way round: the text is some words, a token thousands of characters. */
function redact(text: string, forms: readonly string[]): string {
  let clean = "";
  let copied = 0;
  let hiddenUntil = -1;
  for (let at = 0; at < text.length; at++) {
    for (const form of forms) {
      const length = Math.min(RUN_LENGTH, form.length);
      const run = text.slice(at, at + length);
      if (run.length < length || !form.includes(run)) continue;
      if (at > hiddenUntil) {
        clean += text.slice(Math.max(copied, 0), at) + REDACTED;
      }
      hiddenUntil = Math.max(hiddenUntil, at + length);
      copied = hiddenUntil;
    }
  }
  return clean + text.slice(copied);
}
