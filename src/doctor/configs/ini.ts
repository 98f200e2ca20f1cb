/** Files of `[section]` and `key = value`: aerc's. A value may stand in quotes or backticks. */
import { readConfig } from "./read.ts";
import { type ProgramAccount, type Setting, settingOf } from "./setting.ts";

export function readIni(file: string): ProgramAccount[] {
  const sections: (ProgramAccount & { settings: Map<string, Setting> })[] = [];
  for (const [index, raw] of (readConfig(file) ?? "").split("\n").entries()) {
    const [, section] = /^\s*\[(.*)\]\s*$/.exec(raw) ?? [];
    const [, key, value = ""] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(raw) ?? [];
    if (section !== undefined) sections.push({ name: section, file, line: index + 1, settings: new Map() });
    else if (key !== undefined) {
      const name = key.toLowerCase();
      sections
        .at(-1)
        ?.settings.set(name, settingOf({ name, value: value.replace(/^([`"'])(.*)\1$/, "$2"), file, line: index + 1 }));
    }
  }
  return sections;
}
