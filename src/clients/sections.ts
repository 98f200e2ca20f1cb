/** Finds sections in files of `keyword value` lines (mbsync, msmtp), to see what the user has set up already. Does not judge them. */

export interface Section {
  /** That it began with, in lower case. */
  readonly keyword: string;
  readonly name: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** By keyword in lower case; of several, the last. Without quotes. */
  readonly values: ReadonlyMap<string, string>;
}

/** @param beginnings keywords in lower case that begin a section and end the one before */
export function findSections(text: string, beginnings: readonly string[]): Section[] {
  const sections: (Section & { values: Map<string, string> })[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [, word = "", rest = ""] = /^\s*([A-Za-z_]+)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    const keyword = word.toLowerCase();
    const value = rest.replace(/^"(.*)"$/, "$1");
    if (beginnings.includes(keyword)) sections.push({ keyword, name: value, line: index + 1, values: new Map() });
    else sections.at(-1)?.values.set(keyword, value);
  }
  return sections;
}
