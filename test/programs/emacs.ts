/** Emacs without a person at it, with the init files that setup wrote. */
import { basename, join } from "node:path";
import { succeeded, type Result } from "../e2e/harness.ts";
import type { Mailbox } from "./harness.ts";

/**
 * Loads the init file, as an Emacs with a window would, and then does what a user's fingers would.
 *
 * Not `-Q`: that would hide what Debian puts into site-lisp. Batch mode reads no init files, and packages none of theirs, until it is told
 * whose they are.
 */
export async function runEmacs(mailbox: Mailbox, script: string): Promise<Result> {
  const file = mailbox.path("fingers.el");
  await Bun.write(file, `;;; -*- lexical-binding: t -*-\n(setq init-file-user "")\n${script}`);
  const init = mailbox.path(".emacs.d", "init.el");
  const isThere = await Bun.file(init).exists();
  return mailbox.run("emacs", ["--batch", ...(isThere ? ["-l", init] : []), "-l", file]);
}

/** Writes a message and sends it. */
export function sendMessage(to: string, subject: string): string {
  return `(message-mail ${JSON.stringify(to)} ${JSON.stringify(subject)})
(message-goto-body)
(insert "Hello.\\n")
(message-send)
`;
}

/** Has a buffer print every buffer's name and text: where a token must not be. */
export const PRINT_ALL_BUFFERS = `(dolist (buffer (buffer-list))
  (princ (format "--- %s\\n%s\\n" (buffer-name buffer) (with-current-buffer buffer (buffer-string)))))
`;

/** Sets `recipe` up. @returns the commands that the user is told to type, which begin with one of `programs` */
export async function setUpAndCommands(
  mailbox: Mailbox,
  recipe: string,
  programs: readonly string[],
): Promise<string[]> {
  const { stdout } = succeeded(await mailbox.home.mailkey(["setup", recipe, "--yes", "--json"]));
  const { programs: plans } = JSON.parse(stdout) as { programs: { program: string; notes: string[] }[] };
  const notes = plans.find(({ program }) => program === recipe)?.notes ?? [];
  const commands = notes.flatMap((line) => (line.startsWith("    ") ? [line.trim()] : []));
  return commands.filter((line) => programs.some((program) => basename(line.split(" ", 1)[0] ?? "") === program));
}

/** A program that stands in mailkey's place, and whose tokens nobody takes. */
export async function wrongTokens(mailbox: Mailbox, file: string): Promise<string> {
  const path = join(mailbox.path(), "wrong-tokens");
  const token = "a-token-that-nobody-takes-0123456789-0123456789";
  await Bun.write(path, `#!/bin/sh\necho ${token}\n`);
  await mailbox.runs("chmod", ["755", path]);
  const text = await Bun.file(file).text();
  await Bun.write(file, text.replace(/:command \("[^"]*"/, `:command (${JSON.stringify(path)}`));
  return token;
}
