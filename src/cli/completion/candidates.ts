/**
 * What may come next on a command line of mailkey's, from the commands' own definitions. No vault is opened, no account file read:
 * names of files are all that is looked at.
 */
import { listAddresses } from "../../accounts/store.ts";
import type { Paths } from "../../platform/paths.ts";
import type { Command, Completion, OptionSpec, OptionSpecs } from "../command.ts";
import { findCommand, GROUPS } from "../commands.ts";
import { COMMON_OPTIONS } from "../parse.ts";
import { offerOfArgument, offerOfOption, type Offer } from "./kinds.ts";

export interface Candidate {
  /** The whole word. Never holds a control character. */
  readonly word: string;
  /** A few words about it. */
  readonly about?: string;
}

/** Words of mailkey's, or the shell's own names of files. */
export type Candidates = readonly Candidate[] | "files" | "folders";

/**
 * @param before the words after `mailkey`, unquoted
 * @param current the word that is being typed, unquoted; only its beginning (`-`, `--flag=`) matters
 */
export async function candidatesFor(before: readonly string[], current: string, paths: Paths): Promise<Candidates> {
  const [name, ...words] = before;
  const found = name === undefined ? await firstWords(current) : await nextWords(name, words, current, paths);
  return typeof found === "string" ? found : found.filter(({ word }) => !/[\u0000-\u001f\u007f-\u009f]/.test(word));
}

async function firstWords(current: string): Promise<Candidate[]> {
  if (!current.startsWith("-")) return commandNames();
  return [
    { word: "--help", about: "show the commands" },
    { word: "--version", about: "show the version" },
  ];
}

async function nextWords(name: string, words: readonly string[], current: string, paths: Paths): Promise<Candidates> {
  const command = await findCommand(name)?.();
  if (command === undefined) return [];
  if (command.raw === true) return "files";
  const options: OptionSpecs = { ...command.options, ...COMMON_OPTIONS };
  const { values, used, awaited, ended } = read(words, options);
  if (awaited !== undefined) return offered(offerOfOption(awaited), paths);
  const inline = ended ? undefined : /^--([^=]+)=/.exec(current);
  if (inline !== null && inline !== undefined) return inlineValues(inline, options, paths);
  if (current.startsWith("-") && !ended) return flagsOf(options, used);
  return argumentsOf(command, values, paths);
}

interface Reading {
  readonly values: readonly string[];
  /** Flags that were given, by their long names. */
  readonly used: ReadonlySet<string>;
  /** The flag whose value comes next. */
  readonly awaited: OptionSpec | undefined;
  /** After `--` there are no more flags. */
  readonly ended: boolean;
}

/** Reads as the parser does, forgiving what is wrong. */
function read(words: readonly string[], options: OptionSpecs): Reading {
  const values: string[] = [];
  const used = new Set<string>();
  let awaited: OptionSpec | undefined;
  let ended = false;
  for (const word of words) {
    if (awaited !== undefined) awaited = undefined;
    else if (ended || !word.startsWith("-") || word === "-") values.push(word);
    else if (word === "--") ended = true;
    else {
      const name = longName(word, options);
      const spec = name === undefined ? undefined : options[name];
      if (name !== undefined) used.add(name);
      if (spec?.type === "string" && !word.includes("=")) awaited = spec;
    }
  }
  return { values, used, awaited, ended };
}

function longName(word: string, options: OptionSpecs): string | undefined {
  const [, name = ""] = /^--?([^=]*)/.exec(word) ?? [];
  if (word.startsWith("--")) return Object.hasOwn(options, name) ? name : undefined;
  return Object.keys(options).find((each) => options[each]?.short === name.at(-1));
}

function flagsOf(options: OptionSpecs, used: ReadonlySet<string>): Candidate[] {
  return Object.entries(options)
    .filter(([name, spec]) => spec.hidden !== true && (spec.multiple === true || !used.has(name)))
    .map(([name, { summary }]) => ({ word: `--${name}`, about: summary }));
}

async function inlineValues(
  [start, name = ""]: RegExpExecArray,
  options: OptionSpecs,
  paths: Paths,
): Promise<Candidate[]> {
  const spec = Object.hasOwn(options, name) ? options[name] : undefined;
  const found = spec?.type === "string" ? await offered(offerOfOption(spec), paths) : [];
  // The shells complete names of files after a space, not after an equals sign.
  return typeof found === "string" ? [] : found.map(({ word }) => ({ word: start + word }));
}

async function argumentsOf({ args }: Command, values: readonly string[], paths: Paths): Promise<Candidates> {
  const last = args.at(-1);
  const spec = args[values.length] ?? (last?.multiple === true ? last : undefined);
  if (spec === undefined || (spec.after !== undefined && spec.after !== values[0])) return [];
  const found = await offered(offerOfArgument(spec), paths);
  return typeof found === "string" || spec.multiple !== true
    ? found
    : found.filter(({ word }) => !values.includes(word));
}

async function offered(offer: Offer, paths: Paths): Promise<Candidates> {
  if (offer === undefined) return [];
  if (typeof offer !== "string") return offer.map((word) => ({ word }));
  if (offer === "file") return "files";
  if (offer === "folder") return "folders";
  return (await SOURCES[offer](paths)).map((found) => (typeof found === "string" ? { word: found } : found));
}

/** Each loads no more than it needs: somebody waits with a finger on TAB. */
const SOURCES: Record<
  Exclude<Completion, "file" | "folder">,
  (paths: Paths) => Promise<readonly (string | Candidate)[]>
> = {
  account: async (paths) => listAddresses(paths),
  program: async () => Object.keys((await import("../../clients/recipes.ts")).RECIPES),
  provider: async () => (await import("../../providers/registry.ts")).PROVIDER_IDS,
  vault: async () => (await import("../../vault/settings.ts")).VAULT_KINDS,
  check: async () =>
    (await import("../../doctor/checks.ts")).CHECKS.map(({ id, title }): Candidate => ({ word: id, about: title })),
  command: commandNames,
};

async function commandNames(): Promise<Candidate[]> {
  const names = [...GROUPS.flatMap(({ names: each }) => each), "help"];
  const commands = await Promise.all(names.flatMap((name) => findCommand(name)?.() ?? []));
  return commands.map(({ name, summary }) => ({ word: name, about: summary }));
}
