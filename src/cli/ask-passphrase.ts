/** Asks for a secret on the terminal, without echo. Prompts go to standard error: standard output is for results. */
import { MailkeyError } from "../errors.ts";
import { Secret } from "../platform/secret.ts";

/** @throws ERR_VAULT_LOCKED without a terminal, ERR_INTERRUPTED when the user gives up */
export async function askPassphrase(question: string, interactive: boolean, signal: AbortSignal): Promise<Secret> {
  if (!interactive) {
    throw new MailkeyError("ERR_VAULT_LOCKED", "the vault needs a passphrase, and there is no terminal to ask on", {
      hint: "name a passphrase file or command: mailkey help vault",
    });
  }
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({ message: question, signal, output: process.stderr });
  if (isCancel(answer)) throw new MailkeyError("ERR_INTERRUPTED", "no passphrase given");
  return new Secret(answer);
}
