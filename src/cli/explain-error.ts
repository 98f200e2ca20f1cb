/** What the catalogue knows about an error or warning of mailkey's own. Loaded only once something has failed. */
import type { MailkeyError } from "../errors.ts";
import type { Entry } from "../explain/entry.ts";
import { fillEntry, stepText } from "../explain/fill.ts";
import { explain, explainCode } from "../explain/match.ts";

/** What goes with the error's own words. */
export interface Explanation {
  /** The entry's id, for `mailkey explain`. */
  readonly id: string;
  readonly why: string;
  /** What to type or do first; undefined where the error itself knows better. */
  readonly hint: string | undefined;
}

/** @returns undefined when nothing is known */
export function explainError({ code, message, hint, details = {} }: MailkeyError): Explanation | undefined {
  if (code === "ERR_USAGE" || code === "ERR_INTERRUPTED") return undefined; // the words are the user's own
  const byCode = explainCode(textOf(details["vendorCode"]));
  const found = byCode ?? explain(message)[0] ?? explainCode(textOf(details["error"]));
  if (found === undefined) return undefined;
  // What invalid_grant says of a sign-in that was stored is not true of one that is going on.
  if (found.id === "invalid_grant" && details["flow"] !== undefined) return undefined;
  const address = textOf(details["address"]);
  const entry = fillEntry(found, { address: address === "" ? undefined : address });
  // Where account and code are known, the catalogue knows best. A sign-in that is going on (its details name the flow) knows what was typed.
  const knowsBest = byCode !== undefined && address !== "";
  const isAsked = hint === undefined && details["flow"] === undefined;
  return { id: entry.id, why: whyOf(entry), hint: knowsBest || isAsked ? firstStep(entry) : undefined };
}

/** Why, on one line: with a "probably" where nobody has shown it. */
export function whyOf({ status, why }: Entry): string {
  return status === "unverified" ? `probably ${why}` : why;
}

/** A command alone can be typed as it stands. */
function firstStep({ steps: [step] }: Entry): string {
  return step.type !== undefined && step.in === undefined ? step.type : stepText(step);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
