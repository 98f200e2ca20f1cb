/** What is offered on TAB for an argument or a flag's value: by its own word, or by the word that stands for it in help. */
import type { ArgumentSpec, Completion, OptionSpec } from "../command.ts";

/** Words of help that mean the same thing wherever they stand. */
const BY_WORD: Readonly<Record<string, Completion>> = {
  ADDRESS: "account",
  CHECK: "check",
  FILE: "file",
  FOLDER: "folder",
  PROGRAM: "program",
  PROVIDER: "provider",
  TOKENFILE: "file",
};

export type Offer = readonly string[] | Completion | undefined;

export function offerOfOption({ choices, complete, value = "" }: OptionSpec): Offer {
  return offer(choices, complete, value);
}

export function offerOfArgument({ choices, complete, name }: ArgumentSpec): Offer {
  return offer(choices, complete, name);
}

function offer(
  choices: readonly string[] | undefined,
  complete: Completion | "nothing" | undefined,
  word: string,
): Offer {
  if (choices !== undefined) return choices;
  if (complete === "nothing") return undefined;
  return complete ?? (Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined);
}
