/** Hints that name a flag become the command to type: only the command line knows which one was typed. */
import { isMailkeyError, MailkeyError } from "../errors.ts";

/** Runs `work`; of an error whose hint begins with a flag, `command` says what to put in front of it. */
export async function withCommandHints<T>(command: (flag: string) => string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isMailkeyError(error) || error.hint?.startsWith("--") !== true) throw error;
    const { code, message, cause, hint, details } = error;
    throw new MailkeyError(code, message, {
      cause,
      hint: `${command(hint.split(" ", 1)[0] ?? "")} ${hint}`,
      ...(details === undefined ? {} : { details }),
    });
  }
}
