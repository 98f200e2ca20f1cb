/**
 * mbsync's file. A section begins with its keyword and ends at an empty line; an IMAPStore may have the settings of an account itself.
 *
 * @see mbsync(1), CONFIGURATION
 */
import { join } from "node:path";
import { configHome, homeFolder } from "../../platform/paths.ts";
import type { Machine } from "../check.ts";
import { readConfig } from "./read.ts";
import { type ProgramAccount, type Setting, settingOf } from "./setting.ts";

const BEGINNINGS: ReadonlySet<string> = new Set(["imapaccount", "imapstore", "maildirstore", "channel", "group"]);

/** From 1.5 on it looks into the XDG folder as well. */
export function readMbsync({ env }: Machine): ProgramAccount[] {
  const files = [join(homeFolder(env), ".mbsyncrc"), join(configHome(env), "isyncrc")];
  return files.flatMap((file) => parseMbsync(readConfig(file) ?? "", file));
}

/** The sections that name an IMAP server. */
export function parseMbsync(text: string, file: string): ProgramAccount[] {
  const sections: (ProgramAccount & { settings: Map<string, Setting> })[] = [];
  let open: (typeof sections)[number] | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    if (raw.trim() === "") open = undefined;
    const [keyword = "", ...values] = wordsOf(raw);
    const name = keyword.toLowerCase();
    if (name === "" || name.startsWith("#")) continue;
    if (BEGINNINGS.has(name)) {
      open = { name: values[0] ?? "", file, line, settings: new Map() };
      if (name === "imapaccount" || name === "imapstore") sections.push(open);
    } else {
      open?.settings.set(name, settingOf({ name, value: values.join(" "), file, line }));
    }
  }
  return sections.filter(
    ({ settings }) => settings.has("host") || settings.has("passcmd") || settings.has("authmechs"),
  );
}

/** Words are separated by spaces; in double quotes a backslash takes the next character as it is. */
function wordsOf(line: string): string[] {
  const words = line.match(/"(?:\\.|[^"\\])*"?|[^\s"]+/g) ?? [];
  return words.map((word) => (word.startsWith('"') ? word.replace(/^"|"$/g, "").replace(/\\(.)/g, "$1") : word));
}
