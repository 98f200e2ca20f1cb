/**
 * Splits a line into words as Python's `shlex.split` does: POSIX quoting, no expansion, no comments. The script's pipes are
 * written in that form and run without a shell.
 *
 * @see https://docs.python.org/3/library/shlex.html#parsing-rules
 */

/** Inside double quotes a backslash escapes these two; before anything else it stands for itself. */
const ESCAPED_IN_DOUBLE_QUOTES: ReadonlySet<string> = new Set(['"', "\\"]);

/** @returns the words, or undefined when a quotation is not closed or nothing follows a backslash */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined; // undefined between words: "" is a word of its own
  let quote: "'" | '"' | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    const next = line[at + 1];
    if (quote === "'" || (quote === '"' && character !== "\\")) {
      if (character === quote) quote = undefined;
      else word += character;
    } else if (character === "\\") {
      if (next === undefined) return undefined;
      const kept = quote === '"' && !ESCAPED_IN_DOUBLE_QUOTES.has(next) ? character : "";
      word = (word ?? "") + kept + next;
      at++;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** The words as a line that splits into them again, for messages. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(" ");
}
