/** The programs that decrypt and encrypt a token file: the script's own notion, run the way it runs them. */
import { readPrivateFile } from "../platform/files.ts";
import { MailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { run, type RunResult } from "../platform/process.ts";
import { peerText } from "../platform/text.ts";
import { joinWords } from "./shlex.ts";
import { shellWord } from "../platform/shell.ts";

export interface Pipes {
  /** Undefined: `gpg --decrypt`, as in the script. */
  readonly decryption: readonly string[] | undefined;
  /**
   * Undefined: gpg. The script has the recipient written into it, or takes gpg's own key; here a file stays encrypted to whom it was, so
   * that nothing of that has to be repeated.
   */
  readonly encryption: readonly string[] | undefined;
  readonly env: Environment;
}

/** A hidden recipient: nobody can tell who. */
const ANONYMOUS_KEY = /^0+$/;

/** @throws ERR_VAULT_LOCKED when the program refuses, ERR_PROGRAM when there is none */
export async function decrypt(ciphertext: Uint8Array, path: string, pipes: Pipes): Promise<Uint8Array> {
  const command = pipes.decryption ?? ["gpg", "--decrypt"];
  const result = await runPipe(command, "--decryption-pipe", ciphertext, pipes.env);
  if (result.status === 0 && result.signal === undefined) return result.stdout;
  throw new MailkeyError("ERR_VAULT_LOCKED", `cannot decrypt ${path}: ${failureOf(command, result)}`, {
    hint: `try it yourself: ${joinWords(command)} < ${shellWord(path)} > /dev/null; without a terminal gpg needs its agent unlocked, in one it needs GPG_TTY=$(tty)`,
  });
}

/**
 * @param path the token file, whose present recipients the default pipe keeps
 * @throws ERR_VAULT_UNUSABLE when the program refuses, ERR_PROGRAM when there is none
 */
export async function encrypt(plaintext: Uint8Array, path: string, pipes: Pipes): Promise<Uint8Array> {
  const command = pipes.encryption ?? (await defaultEncryption(path, pipes.env));
  const result = await runPipe(command, "--encryption-pipe", plaintext, pipes.env);
  if (result.status === 0 && result.signal === undefined) return result.stdout;
  throw new MailkeyError("ERR_VAULT_UNUSABLE", `cannot encrypt ${path}: ${failureOf(command, result)}`, {
    hint: "give the command that encrypts: --encryption-pipe 'gpg --encrypt --recipient YOU'",
  });
}

async function defaultEncryption(path: string, env: Environment): Promise<string[]> {
  const present = readPrivateFile(path, "secret");
  const keys = present === undefined || present.length === 0 ? [] : await gpgRecipients(present, env);
  if (keys.length === 0) return ["gpg", "--batch", "--encrypt", "--default-recipient-self"];
  // The file was encrypted to exactly these keys before: whether gpg trusts the names on them does not matter.
  const recipients = keys.flatMap((key) => ["--recipient", `0x${key}!`]);
  return ["gpg", "--batch", "--trust-model", "always", "--encrypt", ...recipients];
}

/** The key ids that a message is encrypted to. Decrypts nothing and asks for no passphrase. */
async function gpgRecipients(ciphertext: Uint8Array, env: Environment): Promise<string[]> {
  const args = ["--batch", "--status-fd", "1", "--list-only", "--decrypt"];
  const { stdout } = await run("gpg", args, { input: ciphertext, env });
  const ids = [...new TextDecoder().decode(stdout).matchAll(/^\[GNUPG:\] ENC_TO ([0-9A-F]+) /gm)].map(([, id]) => id);
  return ids.filter((id): id is string => id !== undefined && !ANONYMOUS_KEY.test(id));
}

async function runPipe(
  command: readonly string[],
  flag: string,
  input: Uint8Array,
  env: Environment,
): Promise<RunResult> {
  const [program, ...args] = command;
  if (program === undefined) throw new MailkeyError("ERR_USAGE", `${flag} is empty`, { hint: `${flag} 'gpg …'` });
  return run(program, args, { input, env });
}

function failureOf(command: readonly string[], { status, signal, stderr }: RunResult): string {
  const lastLine = stderr.trim().split("\n").at(-1) ?? "";
  const end = signal === undefined ? `ended with status ${status}` : `was ended by ${signal}`;
  return `${command[0] ?? ""} ${end}${lastLine === "" ? "" : `: ${peerText(lastLine, 200)}`}`;
}
