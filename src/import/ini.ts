/** INI files, as far as the tools that mailkey imports from agree on them. */

/** Sections in their order; names as written, keys in lower case. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface IniDialect {
  /** Between key and value. */
  readonly delimiters: RegExp;
  /** An indented line goes on with the value before, as in Python's configparser. */
  readonly continuations: boolean;
  /** Sections and keys may come again, and the last value counts. Where they may not, a file that has them twice is none. */
  readonly repeats: boolean;
}

/** @returns undefined for what is no INI file */
export function parseIni(text: string, { delimiters, continuations, repeats }: IniDialect): Ini | undefined {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const words = line.trim();
    if (words === "" || words.startsWith("#") || words.startsWith(";")) continue;
    const heading = /^\[(.+)\]$/.exec(words)?.[1];
    if (continuations && /^\s/.test(line) && section !== undefined && key !== undefined) {
      section.set(key, `${section.get(key) ?? ""}\n${words}`);
    } else if (heading !== undefined) {
      if (!repeats && sections.has(heading)) return undefined;
      section = sections.get(heading) ?? new Map<string, string>();
      sections.set(heading, section);
      key = undefined;
    } else {
      const at = words.search(delimiters);
      if (section === undefined || at < 1) return undefined;
      key = words.slice(0, at).trim().toLowerCase();
      if (!repeats && section.has(key)) return undefined;
      section.set(key, words.slice(at + 1).trim());
    }
  }
  return sections;
}
