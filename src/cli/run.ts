/** Runs one command line: finds the command, parses, calls it, and turns whatever is thrown into text and exit status. */
import { MailkeyError, placeOf } from "../errors.ts";
import { jsonText } from "../platform/text.ts";
import type { Command, OptionSpecs, Values } from "./command.ts";
import { COMMANDS, findCommand } from "./commands.ts";
import type { Context } from "./context.ts";
import { EXIT_INTERNAL, outcomeOf } from "./exit.ts";
import { parseCommandLine } from "./parse.ts";

/** @returns the exit status; never throws */
export async function runCommandLine(words: readonly string[], context: Context): Promise<number> {
  const json = words.includes("--json");
  try {
    return await dispatch(words, context);
  } catch (error) {
    return await report(error, context, json);
  }
}

async function dispatch(words: readonly string[], context: Context): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h") return runCommand(await load("help"), [], context);
  if (name === "--version" || name === "-V") {
    const { versionLine } = await import("./version-line.ts");
    context.stdout(`${versionLine()}\n`);
    return 0;
  }
  return runCommand(await load(name), rest, context);
}

/** Runs a command with the words after its name. */
export async function runCommand(command: Command, words: readonly string[], context: Context): Promise<number> {
  if (command.raw === true) return (await command.run({ values: {}, args: words, context })) ?? 0;
  const parsed = await parseCommandLine(command, words);
  if (parsed.help) {
    const { commandHelp } = await import("./help.ts");
    context.stdout(commandHelp(command, context.terminal));
    return 0;
  }
  const trace = parsed.verbose ? (step: string) => context.stderr(`mailkey: ${step}\n`) : context.trace;
  return (
    (await command.run({
      values: parsed.values as Values<OptionSpecs>,
      args: parsed.args,
      context: { ...context, trace },
    })) ?? 0
  );
}

async function load(name: string): Promise<Command> {
  const found = findCommand(name);
  if (found !== undefined) return found();
  const { nearest } = await import("./nearest.ts");
  const similar = nearest(name, Object.keys(COMMANDS));
  throw new MailkeyError("ERR_USAGE", `there is no command ${JSON.stringify(name)}`, {
    hint: similar === undefined ? "mailkey help" : `did you mean mailkey ${similar}?`,
  });
}

/** Writes an error to standard error in the house form. */
export async function report(error: unknown, context: Context, json: boolean): Promise<number> {
  if (!(error instanceof MailkeyError)) {
    // A bug. Its message is not shown: it may quote what it stumbled over.
    context.stderr(`mailkey: error: this is a bug in mailkey: ${placeOf(error)}\n`);
    return EXIT_INTERNAL;
  }
  const { problemJson, writeProblem } = await import("./problem.ts"); // a token that is there needs neither
  if (json) context.stderr(`${jsonText({ error: await problemJson(error) })}\n`);
  else await writeProblem(context, "error", error);
  return outcomeOf(error.code).status;
}
