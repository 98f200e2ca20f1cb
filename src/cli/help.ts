/** `mailkey help` and `--help`: made from the commands' own definitions. */
import { styleText } from "node:util";
import { MailkeyError } from "../errors.ts";
import { defineCommand, type ArgumentSpec, type Command, type OptionSpec } from "./command.ts";
import { findCommand, GROUPS } from "./commands.ts";
import type { Terminal } from "./context.ts";
import { EXIT_STATUSES } from "./exit.ts";
import { COMMON_OPTIONS } from "./parse.ts";

const INDENT = "  ";
const MORE = `mailkey help COMMAND tells more, with examples. Exit statuses: ${EXIT_STATUSES.map(({ status, meaning }) => `${status} ${meaning}`).join(", ")}.`;

export const help = defineCommand({
  name: "help",
  summary: "explain mailkey or one of its commands",
  args: [{ name: "COMMAND", summary: "the command to explain", required: false, complete: "command" }],
  options: {},
  examples: [{ line: "mailkey help add", meaning: "all about adding an account" }],
  async run({ args, context }) {
    const [name] = args;
    if (name === undefined) return context.stdout(await overview(context.terminal));
    const load = findCommand(name);
    if (load === undefined)
      throw new MailkeyError("ERR_USAGE", `there is no command ${JSON.stringify(name)}`, { hint: "mailkey help" });
    context.stdout(commandHelp(await load(), context.terminal));
  },
});

async function overview(terminal: Terminal): Promise<string> {
  const sections = await Promise.all(
    GROUPS.map(async ({ title, names }) => {
      const loaders = names.flatMap((name) => findCommand(name) ?? []);
      const commands = await Promise.all(loaders.map((load) => load()));
      const rows = commands.map((command) => [command.name, command.summary] as const);
      return `${heading(title, terminal)}\n${columns(rows, terminal.columns)}`;
    }),
  );
  return [
    `${wrapped("mailkey signs a mailbox in with OAuth2 once and hands every mail program a valid access token.", terminal.columns)}\n`,
    `${heading("Start", terminal)}\n${columns(
      [
        ["mailkey add you@hotmail.com", "sign in, store, test"],
        ["mailkey token you@hotmail.com", "what mail programs run"],
      ],
      terminal.columns,
    )}`,
    ...sections,
    `${wrapped(MORE, terminal.columns)}\n`,
  ].join("\n");
}

/** The help text of one command. */
export function commandHelp(command: Command, terminal: Terminal): string {
  const options = { ...command.options, ...COMMON_OPTIONS };
  const rows = Object.entries(options)
    .filter(([, spec]) => (spec as OptionSpec).hidden !== true)
    .map(([name, spec]) => [optionForm(name, spec), spec.summary] as const);
  const usage = [
    "mailkey",
    command.name,
    ...command.args.map(argumentForm),
    command.raw === true ? "…" : "[flags]",
  ].join(" ");
  const parts = [`${capitalised(command.summary)}.\n`, `${heading("Usage", terminal)}\n${INDENT}${usage}\n`];
  if (command.description !== undefined) parts.push(`${wrapped(command.description, terminal.columns)}\n`);
  if (command.args.length > 0) {
    parts.push(
      `${heading("Arguments", terminal)}\n${columns(
        command.args.map(({ name, summary }) => [name, summary] as const),
        terminal.columns,
      )}`,
    );
  }
  if (command.raw !== true) parts.push(`${heading("Flags", terminal)}\n${columns(rows, terminal.columns)}`);
  const examples = command.examples
    .map(({ line, meaning }) => `${INDENT}${line}\n${INDENT}${INDENT}${meaning}\n`)
    .join("");
  parts.push(`${heading("Examples", terminal)}\n${examples}`);
  return parts.join("\n");
}

/** `[ADDRESS]`, `PROGRAM…`: brackets around what may be left out. */
export function argumentForm({ name, required, multiple }: ArgumentSpec): string {
  const form = multiple === true ? `${name}…` : name;
  return required ? form : `[${form}]`;
}

function optionForm(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  return `${short}--${name}${spec.type === "string" ? ` ${spec.value ?? "VALUE"}` : ""}`;
}

function heading(title: string, terminal: Terminal): string {
  return terminal.colourOut ? styleText("bold", title) : title;
}

/** Two columns; a first one that is too wide gets a line to itself. */
function columns(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(34, Math.max(0, ...rows.map(([first]) => first.length)));
  const lines = rows.flatMap(([first, second]) => {
    const room = Math.max(20, Math.min(width, 100) - left - INDENT.length * 2);
    const [head = "", ...tail] = wrapLine(second, room);
    const pad = " ".repeat(left + INDENT.length * 2);
    const start =
      first.length > left ? [INDENT + first, pad + head] : [`${INDENT}${first.padEnd(left)}${INDENT}${head}`];
    return [...start, ...tail.map((line) => pad + line)];
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

function wrapped(text: string, width: number): string {
  return text
    .split("\n\n")
    .map((paragraph) => wrapLine(paragraph.replace(/\s+/g, " "), Math.min(width, 100)).join("\n"))
    .join("\n\n");
}

function wrapLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
