/**
 * Questions to a person at a terminal, through standard error: standard output is for results. The prompt library is loaded
 * with the first question. Without a terminal, or with `--json`, nothing is ever asked: the caller names the flag instead.
 */
import type * as Clack from "@clack/prompts";
import { MailkeyError } from "../errors.ts";
import { Secret } from "../platform/secret.ts";
import type { Context } from "./context.ts";

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

/** Every question throws ERR_INTERRUPTED when the person gives up. */
export interface Asker {
  confirm(question: string, initial: boolean): Promise<boolean>;
  /** `problem` says what is wrong with an answer, or nothing. */
  text(question: string, example: string, problem: (answer: string) => string | undefined): Promise<string>;
  select(question: string, choices: readonly Choice[]): Promise<string>;
  /** Any number of them, none included; `initial` are chosen at first. */
  selectSeveral(question: string, choices: readonly Choice[], initial: readonly string[]): Promise<string[]>;
  /** Without echo; may be empty. */
  secret(question: string): Promise<Secret>;
}

/** @returns undefined when nobody can be asked */
export function askerOf({ terminal, signal }: Context, json: boolean): Asker | undefined {
  if (!terminal.interactive || json) return undefined;
  const common = { signal, output: process.stderr };
  return {
    confirm: (message, initialValue) => ask((clack) => clack.confirm({ ...common, message, initialValue })),
    async text(message, placeholder, problem) {
      const validate = (answer: string | undefined) => problem((answer ?? "").trim());
      const answer = await ask((clack) => clack.text({ ...common, message, placeholder, validate }));
      return answer.trim();
    },
    select: (message, choices) =>
      ask((clack) => clack.select<string>({ ...common, message, options: choices.map(optionOf) })),
    selectSeveral: (message, choices, initial) =>
      ask((clack) =>
        clack.multiselect<string>({
          ...common,
          message,
          options: choices.map(optionOf),
          initialValues: [...initial],
          required: false,
        }),
      ),
    async secret(message) {
      return new Secret(await ask((clack) => clack.password({ ...common, message })));
    },
  };
}

function optionOf({ value, label, hint }: Choice): { value: string; label: string; hint?: string } {
  return hint === undefined ? { value, label } : { value, label, hint };
}

/** A symbol is how the library says that the person gave up. */
async function ask<A>(question: (clack: typeof Clack) => Promise<A>): Promise<Exclude<A, symbol>> {
  const answer = await question(await import("@clack/prompts"));
  if (typeof answer === "symbol") throw new MailkeyError("ERR_INTERRUPTED", "interrupted: nothing has been stored");
  return answer as Exclude<A, symbol>;
}
