/** How errors and warnings are told: in lines for people and logs, or as the members of a JSON object. */
import type { MailkeyError } from "../errors.ts";
import type { Context } from "./context.ts";
import { outcomeOf } from "./exit.ts";
import type { Explanation } from "./explain-error.ts";

/**
 * Up to three lines on standard error: what is wrong, why, and what to type. Mail programs show them in their logs.
 *
 * @param words the error's own when left out
 */
export async function writeProblem(
  { stderr }: Pick<Context, "stderr">,
  kind: "error" | "warning",
  error: MailkeyError,
  words = error.message,
): Promise<void> {
  stderr(`mailkey: ${kind}: ${words}\n`); // at once: nothing below is worth losing it
  await writeHelp({ stderr }, error, outcomeOf(error.code).hint);
}

/** The lines below an error that has been told already: why, and what to type. @param usual the hint where nobody knows a better one */
export async function writeHelp(
  { stderr }: Pick<Context, "stderr">,
  error: MailkeyError,
  usual?: string,
): Promise<void> {
  const explanation = await explanationOf(error);
  if (explanation !== undefined) stderr(`mailkey: why: ${explanation.why}\n`);
  const hint = explanation?.hint ?? error.hint ?? usual;
  if (hint !== undefined) stderr(`mailkey: hint: ${hint}\n`);
}

/** The token that is still valid was handed out, and it is the last. */
export function writeStaleWarning(context: Pick<Context, "stderr">, warning: MailkeyError): Promise<void> {
  return writeProblem(context, "warning", warning, `${warning.message}; the present token lasts a little longer`);
}

/** The members are part of the command line's interface. */
export async function problemJson(error: MailkeyError): Promise<Record<string, unknown>> {
  const explanation = await explanationOf(error);
  const known = explanation === undefined ? {} : { why: explanation.why, explanation: explanation.id };
  const hint = explanation?.hint ?? error.hint ?? outcomeOf(error.code).hint;
  return { code: error.code, message: error.message, hint, ...known, ...error.details };
}

/** An explanation is a courtesy: whatever goes wrong with it must not hide the error. */
async function explanationOf(error: MailkeyError): Promise<Explanation | undefined> {
  try {
    return (await import("./explain-error.ts")).explainError(error);
  } catch {
    return undefined;
  }
}
