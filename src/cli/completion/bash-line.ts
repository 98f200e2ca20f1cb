/**
 * bash hands a completion function words that it has broken at `@`, `:` and `=`, still quoted, and takes what comes back as it is. So the
 * line itself is read here, and the answers are quoted as the word was begun.
 *
 * @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */

/** While bash completes host names, a word is broken before this, which stays with what follows. */
const KEPT_BREAK = "@";

export interface BashLine {
  /** The finished words, unquoted, the program's name included. */
  readonly words: readonly string[];
  /** The word before the cursor, unquoted. */
  readonly current: string;
  /** The quotation mark that is still open in it. */
  readonly quote: "'" | '"' | undefined;
  /** What bash takes for the word begins here, in characters of `current`: after the last break or the open quotation mark. */
  readonly start: number;
}

/** @param breaks bash's COMP_WORDBREAKS */
export function readBashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let current = "";
  let begun = false;
  let quote: BashLine["quote"];
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote === "'" || (quote === '"' && character !== "\\")) {
      if (character === quote) quote = undefined;
      else current += character;
    } else if (character === "\\") {
      current += line.charAt(++at);
      begun = true;
    } else if (character === "'" || character === '"') {
      quote = character;
      begun = true;
      start = current.length;
    } else if (/\s/.test(character)) {
      if (begun) words.push(current);
      [current, begun, start] = ["", false, 0];
    } else {
      if (breaks.includes(character)) start = current.length + (character === KEPT_BREAK ? 0 : 1);
      current += character;
      begun = true;
    }
  }
  return { words, current, quote, start };
}

/** What bash has to put in the place of its word to make it `word`; undefined when it cannot be written in the quotation that is open. */
export function bashReply(word: string, { quote, start }: BashLine): string | undefined {
  const rest = word.slice(start);
  if (quote === "'") return rest.replaceAll("'", `'\\''`);
  // Within double quotes history is expanded, and a backslash before ! stays.
  if (quote === '"') return rest.includes("!") ? undefined : rest.replace(/[$`"\\]/g, "\\$&");
  return rest.replace(/[^A-Za-z0-9@%+=:,./_-]/gu, "\\$&");
}
