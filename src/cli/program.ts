/** mailkey as a whole: under its own name, or under that of the script whose place it takes. */
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { writeStderr } from "../platform/stdio.ts";
import type { Context } from "./context.ts";
import { isScript, type QuickAnswer } from "./quick-token.ts";
import { report, runCommandLine } from "./run.ts";
import { systemContext } from "./system-context.ts";

/**
 * @param quick what the agent said to this very command line, when it was not simply a token
 * @returns the exit status; never throws
 */
export async function runProgram(words: readonly string[], env: Environment, quick?: QuickAnswer): Promise<number> {
  try {
    const context = systemContext(env);
    if (quick !== undefined && "token" in quick) return await handOver(quick, context);
    // At a terminal a vault can be unlocked without the agent.
    if (quick !== undefined && !(quick.error.code === "ERR_VAULT_LOCKED" && context.terminal.interactive))
      return await report(quick.error, context, false);
    return await runCommandLine(isScript() ? ["mutt-oauth2", ...words] : words, context);
  } catch (error) {
    // Only making the context gets here: everything else is reported by `runCommandLine`.
    writeStderr(`mailkey: error: ${isMailkeyError(error) ? error.message : "cannot start"}\n`);
    return isMailkeyError(error) ? 78 : 70;
  }
}

async function handOver({ token, warning }: { token: string; warning?: MailkeyError | undefined }, context: Context) {
  try {
    if (warning !== undefined) await (await import("./problem.ts")).writeStaleWarning(context, warning);
    context.stdout(`${token}\n`);
    return 0;
  } catch (error) {
    return report(error, context, false); // nobody takes it
  }
}
