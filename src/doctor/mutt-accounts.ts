/** mutt's and neomutt's settings for the accounts of mailkey: what their checks share. */
import type { AccountSubject, Machine } from "./check.ts";
import { type Mutt, readMutt } from "./configs/mutt.ts";
import type { ProgramAccount, Setting } from "./configs/setting.ts";
import { helperOf } from "./helpers.ts";
import { isProxy } from "./programs.ts";

export interface MuttSettings {
  readonly program: Mutt;
  readonly account: ProgramAccount;
  /** Whose mailbox it is for: several where hooks switch between them. */
  readonly subject: AccountSubject;
}

export const COMMANDS = [
  "imap_oauth_refresh_command",
  "smtp_oauth_refresh_command",
  "pop_oauth_refresh_command",
] as const;

/** Those of the two programs that are installed and set up for an account of mailkey's, or run mailkey. */
export async function muttSettings(machine: Machine): Promise<MuttSettings[]> {
  const found: MuttSettings[] = [];
  const files = new Set<string>();
  for (const program of ["mutt", "neomutt"] as const) {
    const account = readMutt(machine, program);
    // neomutt reads mutt's file when it has none of its own: what is wrong in it is told once.
    if (account === undefined || files.has(account.file) || (await machine.find(program)) === undefined) continue;
    files.add(account.file);
    const subject = ownerOf(machine, account);
    if (subject !== undefined && !isProxied(account, subject)) found.push({ program, account, subject });
  }
  return found;
}

/** By the command, the user names, the servers' addresses, or the sender. */
function ownerOf(machine: Machine, { settings }: ProgramAccount): AccountSubject | undefined {
  const value = (name: string) => settings.get(name)?.value ?? "";
  const named = COMMANDS.flatMap((name) => helperOf(value(name), machine)?.address ?? []);
  const users = ["imap_user", "smtp_user", "pop_user", "from"].map(value);
  const urls = ["folder", "spoolfile", "spool_file", "smtp_url", "pop_host"].map((name) => userOf(value(name)));
  const names = new Set([...named, ...users, ...urls].map((name) => name.toLowerCase()));
  return machine.accounts.find(({ account }) =>
    [account.user, account.address].some((own) => names.has(own.toLowerCase())),
  );
}

/** Whether it reads or sends by a server on this machine that is not the account's own. */
function isProxied({ settings }: ProgramAccount, subject: AccountSubject): boolean {
  const host = (name: string) => /^[a-z]+:\/\/(?:.*@)?([^/:]+)/.exec(settings.get(name)?.value ?? "")?.[1];
  return isProxy(host("folder"), subject, "imap") || isProxy(host("smtp_url"), subject, "smtp");
}

/** Who logs in, in a URL such as `imaps://me%40mail.example@host/`. */
function userOf(text: string): string {
  const user = /^[a-z]+:\/\/(?:([^@/:]*(?:@[^@/:]*(?=@))?)(?::[^@/]*)?@)?/.exec(text)?.[1] ?? "";
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** The assignment that mends a setting. */
export function assignment({ name }: Pick<Setting, "name">, quoted: string): string {
  return `set ${name} = ${quoted}`;
}
