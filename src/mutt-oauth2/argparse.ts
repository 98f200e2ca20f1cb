/**
 * Reads a command line by the rules of Python's `argparse`, whose habits dotfiles rely on: long options may be shortened as long as
 * they stay unambiguous, `--option=value` and `-abc` work, options and arguments mix freely, and `--` ends the options.
 *
 * Left out: everything the script does not use (sub-commands, optional values, option groups).
 *
 * @see https://docs.python.org/3/library/argparse.html#option-value-syntax
 */

export interface Flag {
  /** Without the dashes: `verbose`. */
  readonly long: string;
  readonly short?: string;
  /** The flag takes a value, shown under this name in help; without it the flag is a switch. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly summary: string;
}

export type ParsedWords =
  | {
      readonly kind: "parsed";
      /** The last value of each flag that was given; a switch has the value "". */
      readonly flags: ReadonlyMap<string, string>;
      readonly positionals: readonly string[];
    }
  | { readonly kind: "help" }
  /** What argparse would say after `error: `. */
  | { readonly kind: "error"; readonly message: string };

/** Thrown inside this module only. */
class Misuse extends Error {}

/** `-h` and `--help` are understood besides `flags`. Checking the positionals' number is the caller's business. */
export function parseWords(words: readonly string[], flags: readonly Flag[]): ParsedWords {
  const help: Flag = { long: "help", short: "h", summary: "" };
  const known = [help, ...flags];
  const given = new Map<string, string>();
  const positionals: string[] = [];
  try {
    for (let at = 0; at < words.length; at++) {
      const word = words[at] ?? "";
      if (word === "--") {
        positionals.push(...words.slice(at + 1));
        break;
      }
      if (!looksLikeOption(word, known)) {
        positionals.push(word);
        continue;
      }
      const found = word.startsWith("--") ? [longOption(word, known)] : shortOptions(word, known);
      for (const { flag, inline } of found) {
        if (flag === help) return { kind: "help" };
        let value = "";
        if (flag.value === undefined) {
          if (inline !== undefined) throw new Misuse(`argument ${nameOf(flag)}: ignored explicit argument '${inline}'`);
        } else if (inline !== undefined) {
          value = inline;
        } else {
          const next = words[++at];
          if (next === undefined || next === "--" || looksLikeOption(next, known))
            throw new Misuse(`argument ${nameOf(flag)}: expected one argument`);
          value = next;
        }
        checkChoice(flag, value);
        given.set(flag.long, value);
      }
    }
  } catch (error) {
    if (error instanceof Misuse) return { kind: "error", message: error.message };
    throw error;
  }
  return { kind: "parsed", flags: given, positionals };
}

/** As argparse names a flag in its messages: `-v/--verbose`. */
export function nameOf(flag: Flag): string {
  return flag.short === undefined ? `--${flag.long}` : `-${flag.short}/--${flag.long}`;
}

/** A lone dash, a negative number, and an unknown word with a space in it are arguments although they begin with a dash. */
function looksLikeOption(word: string, known: readonly Flag[]): boolean {
  if (!word.startsWith("-") || word === "-") return false;
  if (isKnown(word, known)) return true;
  return !/^-\d+$|^-\d*\.\d+$/.test(word) && !word.includes(" ");
}

function isKnown(word: string, known: readonly Flag[]): boolean {
  if (!word.startsWith("--")) return known.some(({ short }) => short === word[1]);
  const name = word.split("=", 1)[0] ?? "";
  return known.some(({ long }) => `--${long}`.startsWith(name));
}

interface Occurrence {
  readonly flag: Flag;
  /** The value after `=`, or stuck to a short flag. */
  readonly inline: string | undefined;
}

function longOption(word: string, known: readonly Flag[]): Occurrence {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const inline = equals < 0 ? undefined : word.slice(equals + 1);
  const exact = known.find((flag) => `--${flag.long}` === name);
  const candidates = exact === undefined ? known.filter((flag) => `--${flag.long}`.startsWith(name)) : [exact];
  const [flag, ...others] = candidates;
  if (flag === undefined) throw new Misuse(`unrecognized arguments: ${word}`);
  if (others.length > 0) {
    const names = candidates.map(({ long }) => `--${long}`).join(", ");
    throw new Misuse(`ambiguous option: ${word} could match ${names}`);
  }
  return { flag, inline };
}

/** `-vt` is two switches; what follows a flag that takes a value is that value. */
function shortOptions(word: string, known: readonly Flag[]): Occurrence[] {
  const found: Occurrence[] = [];
  for (let at = 1; at < word.length; at++) {
    const flag = known.find(({ short }) => short === word[at]);
    const previous = found.at(-1);
    if (flag === undefined) {
      if (previous === undefined) throw new Misuse(`unrecognized arguments: ${word}`);
      throw new Misuse(`argument ${nameOf(previous.flag)}: ignored explicit argument '${word.slice(at)}'`);
    }
    if (flag.value !== undefined) {
      const rest = word.slice(at + 1);
      found.push({ flag, inline: rest === "" ? undefined : rest.replace(/^=/, "") });
      return found;
    }
    found.push({ flag, inline: undefined });
  }
  return found;
}

function checkChoice(flag: Flag, value: string): void {
  if (flag.choices === undefined || flag.choices.includes(value)) return;
  const choices = flag.choices.map((choice) => `'${choice}'`).join(", ");
  throw new Misuse(`argument ${nameOf(flag)}: invalid choice: '${value}' (choose from ${choices})`);
}
