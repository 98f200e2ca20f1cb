/** Commands that mend things, as lines for the user's shell. Whatever comes from files and addresses is quoted. */
import { join } from "node:path";
import { accountPath } from "../accounts/store.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import type { AccountSubject, Machine } from "./check.ts";
import { readConfig } from "./configs/read.ts";
import { realPathOf } from "./files.ts";

/** `mailkey COMMAND ADDRESS …`; an address that looks like a flag comes after `--`. */
export function mailkeyLine(command: string, address: string, ...flags: readonly string[]): string {
  const isFlagLike = address.startsWith("-");
  return shellLine(["mailkey", command, ...flags, ...(isFlagLike ? ["--"] : []), address]);
}

/** Signs every account in again; shared mailboxes have no sign-in of their own. */
export function loginLines({ accounts }: Machine): string[] {
  return [...new Set(accounts.map(({ account }) => mailkeyLine("login", account.credential)))];
}

/** Installs a package of Debian's. Nothing on other systems, where it may have another name: the advice has to do there. */
export async function installLines(machine: Machine, debianPackage: string): Promise<string[]> {
  return (await machine.find("apt")) === undefined ? [] : [`sudo apt install ${debianPackage}`];
}

/** Opens a file of the user's, at a line when one is given. */
export function editorLine(path: string, line?: number): string {
  return `\${EDITOR:-nano} ${line === undefined ? "" : `+${line} `}${shellWord(path)}`;
}

/** For what is the mailbox's own: its servers. */
export function editAccount({ machine, account }: AccountSubject): string {
  return editorLine(accountPath(machine.paths, account.address));
}

/** For client, endpoints and scopes: those of a mailbox that shares a sign-in are in the lender's file. */
export function editLender({ machine, account }: AccountSubject): string {
  return editorLine(accountPath(machine.paths, account.credential));
}

/** Signs in again: as the account whose credential it is. Without a person there is nothing to sign in with but the account's file. */
export function signInLine(subject: AccountSubject): string {
  const { grant, credential } = subject.account;
  return grant === "sign_in" ? mailkeyLine("login", credential) : editLender(subject);
}

export function editConfig(machine: Machine): string {
  return editorLine(join(machine.paths.config, "config.toml"));
}

/** Puts `text` in the place of a setting, whose indentation stays. */
export function replaceLine(path: string, line: number, text: string): string {
  return sed(path, `${line}s|^\\([[:space:]]*\\)${settingOn(path, line)}.*|\\1${replacement(text)}|`);
}

/** Puts `text` behind the line that begins a section, indented alike. */
export function insertAfter(path: string, line: number, text: string): string {
  return sed(path, `${line}s|^\\([[:space:]]*\\)${beginningOf(path, line)}.*|&\\n\\1${replacement(text)}|`);
}

export function deleteLine(path: string, line: number): string {
  return sed(path, `${line}{/^[[:space:]]*${settingOn(path, line).replaceAll("/", String.raw`\/`)}/d;}`);
}

/**
 * The setting's name as it stands there. Every edit asks for it: an edit before may have moved the lines, and then nothing must happen
 * to the wrong one.
 */
function settingOn(path: string, line: number): string {
  return pattern(/^\s*((?:set\s+)?[^\s=]+)/.exec(lineOf(path, line))?.[1] ?? "");
}

/** `IMAPAccount work`, `set imap_authenticators`, `source`: not what comes after that, which may be a password. */
function beginningOf(path: string, line: number): string {
  return pattern(/^\s*([^\s=]+(?:\s+[^\s=#]+)?)/.exec(lineOf(path, line))?.[1] ?? "");
}

function lineOf(path: string, line: number): string {
  return readConfig(path)?.split("\n")[line - 1] ?? "";
}

/**
 * A basic regular expression that stands for `text` itself, between bars. White space stands for any: no tab survives on a terminal.
 *
 * @see POSIX XBD 9.3
 */
function pattern(text: string): string {
  return text.replace(/[\\.*[\]^$|]/g, String.raw`\$&`).replace(/\s+/g, "[[:space:]]*");
}

/** Only what is special in the right half of a substitution: the shell's part is `shellWord`'s. @see POSIX sed */
function replacement(text: string): string {
  return text.replace(/[\\&|]/g, String.raw`\$&`);
}

/** Edits in place. A linked dotfile stays a link: sed is given what it leads to. */
function sed(path: string, script: string): string {
  return `${shellLine(process.platform === "darwin" ? ["sed", "-i", "", script] : ["sed", "-i", script])} ${shellWord(realPathOf(path))}`;
}
