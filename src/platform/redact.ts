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
  const runs = new Map<number, Set<string>>();
  for (const secret of secrets) {
    for (const form of formsOf(secret.reveal())) addRuns(runs, form);
  }
  return redact(text, runs);
}

function formsOf(value: string): string[] {
  return [value, encodeURIComponent(value), Buffer.from(value, "utf8").toString("base64")];
}

function addRuns(runs: Map<number, Set<string>>, form: string): void {
  const length = Math.min(RUN_LENGTH, form.length);
  if (length === 0) return;
  const set = runs.get(length) ?? new Set();
  runs.set(length, set);
  for (let start = 0; start + length <= form.length; start++) set.add(form.slice(start, start + length));
}

function redact(text: string, runs: ReadonlyMap<number, ReadonlySet<string>>): string {
  let clean = "";
  let copied = 0;
  let hiddenUntil = -1;
  for (let at = 0; at < text.length; at++) {
    for (const [length, set] of runs) {
      if (!set.has(text.slice(at, at + length))) continue;
      if (at > hiddenUntil) {
        clean += text.slice(Math.max(copied, 0), at) + REDACTED;
      }
      hiddenUntil = Math.max(hiddenUntil, at + length);
      copied = hiddenUntil;
    }
  }
  return clean + text.slice(copied);
}
