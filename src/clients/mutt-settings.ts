/** How settings are written for mutt and neomutt. */
import { doubleQuoted } from "./quoting.ts";

/** Names and values; undefined unsets. */
export type Settings = readonly (readonly [name: string, value: string | undefined])[];

export function assignments(settings: Settings): string[] {
  return settings.map(([name, value]) => (value === undefined ? `unset ${name}` : `set ${name} = ${quoted(value)}`));
}

/** Between double quotes the programs expand variables and run what is between backticks. */
export function quoted(text: string): string {
  return doubleQuoted(text, "$`");
}
