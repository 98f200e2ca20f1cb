/** How errors and warnings are told: in lines for people and logs, or as the members of a JSON object. */
import type { MailkeyError } from "../errors.ts";
import { withoutControls } from "../platform/text.ts";
import type { Context, Terminal } from "./context.ts";
import { outcomeOf } from "./exit.ts";
import type { Explanation } from "./explain-error.ts";
import { wrapText } from "./wrap.ts";

/** Where problems are told. A person's terminal gets lines that fit, everything else one line each; a hint stays whole, to be copied. */
export interface Listener extends Pick<Context, "stderr"> {
  readonly terminal?: Pick<Terminal, "interactive" | "columns">;
}

/**
 * Up to three lines on standard error: what is wrong, why, and what to type. Mail programs show them in their logs.
 *
 * @param words the error's own when left out
 */
export async function writeProblem(
  listener: Listener,
  kind: "error" | "warning",
  error: MailkeyError,
  words = error.message,
): Promise<void> {
  tell(listener, `mailkey: ${kind}: ${words}`); // at once: nothing below is worth losing it
  await writeHelp(listener, error, outcomeOf(error.code).hint);
}

/** The lines below an error that has been told already: why, and what to type. @param usual the hint where nobody knows a better one */
export async function writeHelp(listener: Listener, error: MailkeyError, usual?: string): Promise<void> {
  const explanation = await explanationOf(error);
  if (explanation !== undefined) tell(listener, `mailkey: why: ${explanation.why}`);
  const hint = explanation?.hint ?? error.hint ?? usual;
  if (hint !== undefined) listener.stderr(`mailkey: hint: ${withoutControls(hint)}\n`);
}

/** The token that is still valid was handed out, and it is the last. */
export function writeStaleWarning(context: Listener, warning: MailkeyError): Promise<void> {
  return writeProblem(context, "warning", warning, `${warning.message}; the present token lasts a little longer`);
}

/** The members are part of the command line's interface. */
export async function problemJson(error: MailkeyError): Promise<Record<string, unknown>> {
  const explanation = await explanationOf(error);
  const known = explanation === undefined ? {} : { why: explanation.why, explanation: explanation.id };
  const hint = explanation?.hint ?? error.hint ?? outcomeOf(error.code).hint;
  return { code: error.code, message: error.message, hint, ...known, ...error.details };
}

/** Errors name files and accounts, and quote what was in them. */
function tell({ stderr, terminal }: Listener, words: string): void {
  const line = withoutControls(words);
  stderr(`${terminal?.interactive === true ? wrapText(line, terminal.columns) : line}\n`);
}

/** An explanation is a courtesy: whatever goes wrong with it must not hide the error. */
async function explanationOf(error: MailkeyError): Promise<Explanation | undefined> {
  try {
    return (await import("./explain-error.ts")).explainError(error);
  } catch {
    return undefined;
  }
}
