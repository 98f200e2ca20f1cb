/** mailkey as a whole: under its own name, or under that of the script whose place it takes. */
import { basename } from "node:path";
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { writeStderr } from "../platform/stdio.ts";
import { report, runCommandLine } from "./run.ts";
import { systemContext } from "./system-context.ts";

/** Dotfiles that call the script by its name find mailkey behind it. */
const SCRIPT_NAMES: ReadonlySet<string> = new Set(["mutt_oauth2.py", "mutt_oauth2"]);

/**
 * @param failed the agent's answer to this very command line, when it was an error
 * @returns the exit status; never throws
 */
export async function runProgram(words: readonly string[], env: Environment, failed?: MailkeyError): Promise<number> {
  const script = [process.argv0, process.argv[1] ?? ""].some((path) => SCRIPT_NAMES.has(basename(path)));
  try {
    const context = systemContext(env);
    if (failed !== undefined) return await report(failed, context, false);
    return await runCommandLine(script ? ["mutt-oauth2", ...words] : words, context);
  } catch (error) {
    // Only making the context gets here: everything else is reported by `runCommandLine`.
    writeStderr(`mailkey: error: ${isMailkeyError(error) ? error.message : "cannot start"}\n`);
    return isMailkeyError(error) ? 78 : 70;
  }
}
