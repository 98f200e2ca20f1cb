/** Where a vault's passphrase comes from. It stays a `Secret`, and goes to its one user through a pipe or memory. */
import { MailkeyError } from "../errors.ts";
import { readPrivateText } from "../platform/files.ts";
import type { Environment } from "../platform/paths.ts";
import { runShell } from "../platform/process.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";

/** Asks a person. Injected, so that reading a token loads no terminal code. */
export type AskPassphrase = (question: string) => Promise<Secret>;

export type PassphraseSource =
  | { readonly file: string }
  | { readonly command: string }
  | { readonly question: string; readonly ask: AskPassphrase | undefined };

const MAX_STDERR = 300;

/**
 * The first line of the file or of the command's output, or the person's answer.
 *
 * @throws ERR_VAULT_UNUSABLE, ERR_VAULT_LOCKED when nobody can be asked or the command fails, ERR_UNTRUSTED_FILE, ERR_STORAGE
 */
export async function readPassphrase(source: PassphraseSource, env: Environment): Promise<Secret> {
  if ("file" in source) return fromFile(source.file);
  if ("command" in source) return fromCommand(source.command, env);
  if (source.ask === undefined) {
    throw new MailkeyError("ERR_VAULT_LOCKED", "the vault's passphrase has to be typed, and there is no terminal", {
      hint: "mailkey vault move age --identity default",
    });
  }
  return source.ask(source.question);
}

function fromFile(path: string): Secret {
  const content = readPrivateText(path, "secret");
  if (content === undefined)
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `the passphrase file ${path} does not exist`, {
      hint: "mailkey vault",
    });
  return firstLine(content, `the passphrase file ${path}`);
}

async function fromCommand(command: string, env: Environment): Promise<Secret> {
  const { status, stdout, stderr } = await runShell(command, { env });
  if (status !== 0) {
    const words = peerText(stderr, MAX_STDERR);
    throw new MailkeyError(
      "ERR_VAULT_LOCKED",
      `the passphrase command failed with status ${status}${words === "" ? "" : `: ${words}`}`,
      { hint: command },
    );
  }
  return firstLine(new TextDecoder().decode(stdout), "the output of the passphrase command");
}

function firstLine(content: string, what: string): Secret {
  const line = content.split(/\r?\n/, 1)[0] ?? "";
  if (line === "") throw new MailkeyError("ERR_VAULT_UNUSABLE", `${what} is empty`);
  return new Secret(line);
}
