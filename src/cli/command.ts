/**
 * What a command is: its words, flags, examples and what it does. Help is made from the same definition that the parser
 * obeys.
 */
import type { Context } from "./context.ts";

/** What can be offered on TAB: what exists on this machine, or the shell's own names of files. */
export type Completion = "account" | "program" | "provider" | "vault" | "check" | "command" | "file" | "folder";

export interface OptionSpec {
  readonly type: "boolean" | "string";
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for the value in help: `FILE`, `SECONDS`. */
  readonly value?: string;
  /** The values that are accepted, when it is a closed set. Checked by the parser. */
  readonly choices?: readonly string[];
  /** What to offer on TAB where `value` does not tell (see `completion/kinds.ts`). */
  readonly complete?: Completion | "nothing";
  readonly summary: string;
  /** Accepted, but not shown in help. */
  readonly hidden?: boolean;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  readonly multiple?: boolean;
  /** The words that are offered on TAB. Checked by the command itself. */
  readonly choices?: readonly string[];
  /** What to offer on TAB where `name` does not tell. */
  readonly complete?: Completion | "nothing";
  /** Offered only after this first argument. */
  readonly after?: string;
}

export interface Example {
  readonly line: string;
  readonly meaning: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<S extends OptionSpec> = S["type"] extends "boolean"
  ? boolean
  : S["multiple"] extends true
    ? string[]
    : string;

/** What the parser hands over: every flag optional, by its long name. */
export type Values<O extends OptionSpecs> = { readonly [K in keyof O]?: ValueOf<O[K]> | undefined };

export interface Invocation<O extends OptionSpecs> {
  readonly values: Values<O>;
  readonly args: readonly string[];
  readonly context: Context;
}

export interface Command<O extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One line, starting with a verb. */
  readonly summary: string;
  /** Paragraphs shown by `mailkey help NAME`. */
  readonly description?: string;
  readonly args: readonly ArgumentSpec[];
  readonly options: O;
  readonly examples: readonly Example[];
  /** Everything after the command's name is handed over unparsed, for foreign command lines. */
  readonly raw?: boolean;
  /** @returns the exit status; nothing means 0 */
  run(invocation: Invocation<O>): Promise<number | void>;
}

/** Types a command's `run` by its own flags; the list of commands needs no more than the base type. */
export function defineCommand<const O extends OptionSpecs>(command: Command<O>): Command {
  return command;
}
