/**
 * Questions on standard error, answers from standard input, line by line: from a person, or from a pipe in the order in which the script
 * would have asked. Standard input is not touched before the first question.
 */
import { createInterface, type Interface } from "node:readline";
import { MailkeyError } from "../errors.ts";

export interface LineReader {
  /** @throws ERR_SIGN_IN_FAILED when standard input ends before the answer; the signal's reason */
  readonly ask: (question: string) => Promise<string>;
  readonly close: () => void;
}

export function lineReader(
  stderr: (text: string) => void,
  signal: AbortSignal,
  openInput: () => NodeJS.ReadableStream = () => process.stdin,
): LineReader {
  let source: Interface | undefined;
  let lines: AsyncIterator<string> | undefined;
  const close = () => source?.close();
  signal.addEventListener("abort", close, { once: true });
  return {
    async ask(question) {
      signal.throwIfAborted();
      stderr(question);
      source ??= createInterface({ input: openInput(), terminal: false });
      lines ??= source[Symbol.asyncIterator]();
      const answer = await lines.next();
      if (answer.done !== true) return answer.value.trim();
      stderr("\n");
      signal.throwIfAborted();
      throw new MailkeyError("ERR_SIGN_IN_FAILED", "standard input ended before the question was answered");
    },
    close() {
      signal.removeEventListener("abort", close);
      close();
    },
  };
}
