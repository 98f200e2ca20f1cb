/** Opens files of other tools: who may have written them is looked at first, and how large they are. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { MailkeyError } from "../errors.ts";
import { decrypt, type Pipes } from "../mutt-oauth2/pipes.ts";
import { readPrivateFile } from "../platform/files.ts";
import type { ForeignFile } from "./tool.ts";

/** Configuration and tokens of many mailboxes are some kilobytes. */
const MAX_BYTES = 1024 * 1024;
const ARMOUR = /^-----BEGIN (?:PGP MESSAGE|AGE ENCRYPTED FILE)-----/;
const OTHERS_READ = 0o044;

/**
 * @param pipes how an encrypted file is decrypted
 * @param isEncrypted the user says so: it does not show in every file
 * @returns undefined when there is no such file
 * @throws ERR_UNTRUSTED_FILE, ERR_STORAGE, ERR_CONFIG for what is no text, and what decrypting throws
 */
export async function openForeignFile(
  path: string,
  pipes: Pipes,
  isEncrypted = false,
): Promise<ForeignFile | undefined> {
  const bytes = readPrivateFile(path, "trusted", MAX_BYTES);
  if (bytes === undefined) return undefined;
  const modifiedMs = Math.floor(statSync(path).mtimeMs); // the clock that it is compared with has whole ones
  const plain = isEncrypted ? undefined : textOf(bytes);
  if (plain !== undefined && !ARMOUR.test(plain)) return { path, text: plain, modifiedMs };
  const text = textOf(await decrypt(bytes, path, pipes));
  if (text !== undefined) return { path, text, modifiedMs };
  throw new MailkeyError("ERR_CONFIG", `${path} is not a text file, and does not decrypt to one`, {
    hint: "give the command that decrypts it: --decryption-pipe COMMAND",
  });
}

/** Whether somebody else can read it: there are tokens in it. */
export function othersCanRead(path: string): boolean {
  return (statSync(resolve(path)).mode & OTHERS_READ) !== 0;
}

/** Undefined for what is no text. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
