/**
 * mutt's and neomutt's files: `set name = value` and what it sources. Conditions, hooks and variables are not followed: whatever cannot
 * be understood is passed over.
 *
 * @see http://www.mutt.org/doc/manual/#configuration
 */
import { dirname, isAbsolute, join } from "node:path";
import { configHome, expandHome, homeFolder, type Environment } from "../../platform/paths.ts";
import type { Machine } from "../check.ts";
import { readConfig } from "./read.ts";
import { type ProgramAccount, type Setting, settingOf } from "./setting.ts";

export type Mutt = "mutt" | "neomutt";

/** Deeper nesting is an endless one. */
const MAX_DEPTH = 5;

/** What the program would set, as one account: it has no sections. Undefined when it has no file. */
export function readMutt({ env }: Machine, program: Mutt): ProgramAccount | undefined {
  const file = places(program, env).find((path) => readConfig(path) !== undefined);
  if (file === undefined) return undefined;
  const settings = new Map<string, Setting>();
  source(file, env, settings, 0);
  return { name: program, file, line: 1, settings };
}

/** The first that is there is the one that is read; neomutt has other places before mutt's, and reads those as well. */
function places(program: Mutt, env: Environment): string[] {
  const home = homeFolder(env);
  const xdg = configHome(env);
  if (program === "mutt") return [join(home, ".muttrc"), join(home, ".mutt", "muttrc"), join(xdg, "mutt", "muttrc")];
  const folders = [join(xdg, "neomutt"), join(xdg, "mutt"), join(home, ".neomutt"), join(home, ".mutt")];
  return [
    ...folders.flatMap((folder) => [join(folder, "neomuttrc"), join(folder, "muttrc")]),
    join(home, ".neomuttrc"),
    join(home, ".muttrc"),
  ];
}

function source(file: string, env: Environment, settings: Map<string, Setting>, depth: number): void {
  const text = readConfig(file);
  if (text === undefined || depth > MAX_DEPTH) return;
  let line = 0;
  for (const raw of text.split(/(?<!\\)\n/)) {
    line += 1;
    const [keyword, ...words] = wordsOf(raw);
    if (keyword === "set") {
      const isShared = assignmentsIn(words).length > 1 || raw.includes("\n");
      for (const { name, value } of assignmentsIn(words)) {
        settings.set(name, settingOf({ name, value, file, line, isShared }));
      }
    } else if (keyword === "source" && words[0] !== undefined && !words[0].endsWith("|")) {
      const path = expandHome(words[0], env);
      source(isAbsolute(path) ? path : join(dirname(file), path), env, settings, depth + 1);
    }
    line += raw.split("\n").length - 1;
  }
}

function assignmentsIn(words: readonly string[]): { name: string; value: string }[] {
  const found: { name: string; value: string }[] = [];
  for (let at = 0; at < words.length; at++) {
    if (words[at + 1] === "=" && words[at + 2] !== undefined) {
      found.push({ name: (words[at] ?? "").toLowerCase(), value: words[at + 2] ?? "" });
      at += 2;
    } else {
      const word = words[at] ?? "";
      found.push(
        word.startsWith("no")
          ? { name: word.slice(2).toLowerCase(), value: "no" }
          : { name: word.toLowerCase(), value: "yes" },
      );
    }
  }
  return found;
}

/** Words and equal signs up to a comment. Between double quotes a backslash counts, between single ones nothing does. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [token] of line
    .replaceAll("\\\n", " ")
    .matchAll(/#.*|=|(?:"(?:\\.|[^"\\])*"?|'[^']*'?|\\.|[^\s"'=#\\])+/g)) {
    if (token.startsWith("#")) break;
    words.push(
      token.replace(/"((?:\\.|[^"\\])*)"?|'([^']*)'?|\\(.)/g, (_all, double?: string, single?: string, one?: string) =>
        double === undefined ? (single ?? one ?? "") : double.replace(/\\(.)/g, "$1"),
      ),
    );
  }
  return words;
}
