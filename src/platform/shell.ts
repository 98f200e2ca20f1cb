/** Words for a POSIX shell. */

/** `word` quoted where it has to be, so that a shell takes it for one word and runs nothing in it. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line of several words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
