/**
 * Switching an account's token file on and off. The account file may be the user's own work by now: one line changes, comments, order
 * and everything else stay. Off after on leaves the file byte for byte as it was.
 */
import { isDeepStrictEqual } from "node:util";
import { parse } from "smol-toml";
import { MailkeyError } from "../errors.ts";
import type { Paths } from "../platform/paths.ts";
import { readUserFile, replaceUserFile } from "../platform/user-files.ts";
import { accountPath, requireAccount } from "./store.ts";

const LINE = "token_file = true";
const SETTING = /^(\s*token_file\s*=\s*)(?:true|false)/;
const TABLE = /^\s*\[/;
const KEY = /^\s*[^\s#]/;

/**
 * @returns whether anything was changed
 * @throws ERR_ACCOUNT_UNKNOWN, ERR_CONFIG also when the file is written in a way that one line cannot change, ERR_STORAGE
 */
export function setTokenFile(paths: Paths, address: string, wanted: boolean): boolean {
  const { token_file: present = false } = requireAccount(paths, address);
  if (present === wanted) return false;
  const path = accountPath(paths, address);
  const text = new TextDecoder().decode(readUserFile(path)?.content);
  const edited = edit(text, wanted);
  if (!isDeepStrictEqual(settingsOf(edited), { ...settingsOf(text), token_file: wanted })) {
    throw new MailkeyError("ERR_CONFIG", `${path} is written in a way that this would not change safely`, {
      hint: `edit ${path}: token_file = ${wanted}, before the first [section]`,
    });
  }
  replaceUserFile(path, new TextEncoder().encode(edited), 0o600);
  return true;
}

function edit(text: string, wanted: boolean): string {
  const ending = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(ending);
  const table = lines.findIndex((line) => TABLE.test(line));
  const top = table < 0 ? lines : lines.slice(0, table);
  const at = top.findIndex((line) => SETTING.test(line));
  const line = lines[at];
  if (line === undefined) lines.splice(top.findLastIndex((each) => KEY.test(each)) + 1, 0, LINE);
  else if (!wanted && line === LINE) lines.splice(at, 1);
  else lines[at] = line.replace(SETTING, `$1${wanted}`);
  return lines.join(ending);
}

/** What the file says, with the setting's absence for what it means. Undefined when it is no TOML any more. */
function settingsOf(text: string): Record<string, unknown> | undefined {
  try {
    return { token_file: false, ...parse(text) };
  } catch {
    return undefined;
  }
}
