/** The entry of the executable: from the process's arguments to its exit status. */
import { basename } from "node:path";
import { systemContext } from "./cli/system-context.ts";
import { runCommandLine } from "./cli/run.ts";
import { isMailkeyError } from "./errors.ts";
import { writeStderr } from "./platform/stdio.ts";

/** Dotfiles that call the script by its name find mailkey behind it. */
const SCRIPT_NAMES: ReadonlySet<string> = new Set(["mutt_oauth2.py", "mutt_oauth2"]);

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const script = [process.argv0, process.argv[1] ?? ""].some((path) => SCRIPT_NAMES.has(basename(path)));
  try {
    return await runCommandLine(script ? ["mutt-oauth2", ...words] : words, systemContext(process.env));
  } catch (error) {
    // Only making the context gets here: everything else is reported by `runCommandLine`.
    writeStderr(`mailkey: error: ${isMailkeyError(error) ? error.message : "cannot start"}\n`);
    return isMailkeyError(error) ? 78 : 70;
  }
}

// `exit`, not `exitCode`: an idle connection kept alive by fetch must not hold the answer back.
process.exit(await main());
