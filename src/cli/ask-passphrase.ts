/** Asks for a secret on the terminal, without echo. Prompts go to standard error: standard output is for results. */
import { isCancel, password } from "@clack/prompts";
import { MailkeyError } from "../errors.ts";
import { Secret } from "../platform/secret.ts";

/** @throws ERR_INTERRUPTED when the user gives up */
export async function askPassphrase(question: string, signal: AbortSignal): Promise<Secret> {
  const answer = await password({ message: question, signal, output: process.stderr });
  if (isCancel(answer)) throw new MailkeyError("ERR_INTERRUPTED", "no passphrase given");
  return new Secret(answer);
}
