/** What the parsers of mail programs' files give. They tolerate anything, and keep no password: its setting has an empty value. */

/** One setting, where it stands. */
export interface Setting {
  /** In lower case. */
  readonly name: string;
  /** Without quotes; empty for a password. */
  readonly value: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Other settings stand on the same line. */
  readonly isShared: boolean;
}

/** An account as a mail program's file has it, with what it takes from defaults. */
export interface ProgramAccount {
  /** As the program's sections call it. */
  readonly name: string;
  readonly file: string;
  /** Where it begins. */
  readonly line: number;
  /** By name; of several, the last. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/** Settings whose values are secrets, by their names in any of the programs. */
const PASSWORDS: ReadonlySet<string> = new Set(["pass", "password", "imap_pass", "smtp_pass", "pop_pass"]);

export function settingOf(setting: Omit<Setting, "isShared"> & { isShared?: boolean }): Setting {
  return { isShared: false, ...setting, value: PASSWORDS.has(setting.name) ? "" : setting.value };
}

/** Where something stands, for people. */
export function whereIs({ file, line }: Pick<Setting, "file" | "line">): string {
  return `${file} line ${line}`;
}
