/** From the words after a command's name to flags and arguments, by the command's own definition. */
import { parseArgs } from "node:util";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import type { Command, OptionSpec, OptionSpecs } from "./command.ts";

type ParsedValues = Readonly<Record<string, string | boolean | string[] | undefined>>;

export interface Parsed {
  readonly values: ParsedValues;
  readonly args: readonly string[];
  readonly help: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** Every command has these. */
export const COMMON_OPTIONS = {
  help: { type: "boolean", short: "h", summary: "show this help" },
  verbose: { type: "boolean", short: "v", summary: "say on standard error what is being done" },
} as const satisfies OptionSpecs;

/** @throws ERR_USAGE naming the flag or argument, with the nearest known flag as a hint */
export async function parseCommandLine(command: Command, words: readonly string[]): Promise<Parsed> {
  const specs: OptionSpecs = { ...COMMON_OPTIONS, ...command.options };
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...words], options: parserOptions(specs), allowPositionals: true, strict: true });
  } catch (cause) {
    throw await usageError(command, specs, words, cause);
  }
  const values = parsed.values as ParsedValues;
  const flag = (name: string) => values[name] === true;
  if (!flag("help")) {
    checkChoices(command, specs, values);
    checkArguments(command, parsed.positionals);
  }
  return { values, args: parsed.positionals, help: flag("help"), verbose: flag("verbose"), json: flag("json") };
}

function parserOptions(
  specs: OptionSpecs,
): Record<string, { type: "boolean" | "string"; short?: string; multiple?: boolean }> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, parserOption(spec)]));
}

function parserOption({ type, short, multiple }: OptionSpec): {
  type: "boolean" | "string";
  short?: string;
  multiple?: boolean;
} {
  return { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) };
}

function checkChoices(command: Command, specs: OptionSpecs, values: ParsedValues): void {
  for (const [name, { choices }] of Object.entries(specs)) {
    const given = values[name];
    if (choices === undefined || given === undefined) continue;
    for (const value of [given].flat()) {
      if (typeof value === "string" && choices.includes(value)) continue;
      throw new MailkeyError("ERR_USAGE", `--${name} is one of ${choices.join(", ")}`, {
        hint: `mailkey help ${command.name}`,
      });
    }
  }
}

function checkArguments(command: Command, given: readonly string[]): void {
  const missing = command.args.find((argument, index) => argument.required && given[index] === undefined);
  const hint = `mailkey help ${command.name}`;
  if (missing !== undefined)
    throw new MailkeyError("ERR_USAGE", `${command.name} needs ${missing.name}: ${missing.summary}`, { hint });
  if (given.length > command.args.length && command.args.at(-1)?.multiple !== true) {
    throw new MailkeyError(
      "ERR_USAGE",
      `${command.name} takes ${command.args.length} argument${command.args.length === 1 ? "" : "s"}, not ${given.length}`,
      { hint },
    );
  }
}

/** Both runtimes give parse errors these codes; their texts differ and may quote values, so they are not shown. */
async function usageError(
  command: Command,
  specs: OptionSpecs,
  words: readonly string[],
  cause: unknown,
): Promise<MailkeyError> {
  const help = `mailkey help ${command.name}`;
  if (systemErrorCode(cause) !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const culprit = words
      .map(flagName)
      .find((name) => name !== undefined && specs[name] !== undefined && !wellFormed(specs[name], name, words));
    const what = culprit === undefined ? "the flags cannot be understood" : misuse(culprit, specs[culprit]);
    return new MailkeyError("ERR_USAGE", `${command.name}: ${what}`, { hint: help });
  }
  const known = new Set(
    Object.entries(specs).flatMap(([name, { short }]) => (short === undefined ? [name] : [name, short])),
  );
  const unknown = words.map(flagName).find((name) => name !== undefined && !known.has(name)) ?? "?";
  if (!/^[\w-]{1,40}$/.test(unknown)) {
    // POP3's "-ERR …" and other texts to be explained: what else they hold is not shown.
    const hint = `mailkey ${command.name} -- ${command.args[0]?.name ?? "…"}`;
    return new MailkeyError("ERR_USAGE", `${command.name}: what begins with a hyphen and is no flag comes after --`, {
      hint,
    });
  }
  const { nearest } = await import("./nearest.ts");
  const similar = nearest(unknown, Object.keys(specs));
  const text = `${command.name} has no flag ${unknown.length === 1 ? "-" : "--"}${unknown}`;
  return new MailkeyError("ERR_USAGE", text, { hint: similar === undefined ? help : `did you mean --${similar}?` });
}

function flagName(word: string): string | undefined {
  return word.match(/^--?([^-=][^=]*)/)?.[1];
}

function wellFormed(spec: OptionSpec | undefined, name: string, words: readonly string[]): boolean {
  const at = words.findIndex((word) => flagName(word) === name);
  const inline = words[at]?.includes("=") === true;
  const next = words[at + 1];
  return spec?.type === "boolean" ? !inline : inline || (next !== undefined && !next.startsWith("-"));
}

function misuse(name: string, spec: OptionSpec | undefined): string {
  return spec?.type === "boolean" ? `--${name} takes no value` : `--${name} needs a value (${spec?.value ?? "VALUE"})`;
}
