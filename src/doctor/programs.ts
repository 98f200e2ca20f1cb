/** What the checks of mail programs share: whose account an account of theirs is, and how a line of their files is mended. */
import { findBlocks, latin1 } from "../clients/block.ts";
import { isMailkeyError } from "../errors.ts";
import type { Protocol } from "../providers/provider.ts";
import type { AccountSubject, Finding, Machine } from "./check.ts";
import { readConfig } from "./configs/read.ts";
import type { ProgramAccount, Setting } from "./configs/setting.ts";
import { helperOf } from "./helpers.ts";
import { editorLine, insertAfter, replaceLine } from "./remedies.ts";

/** An account of a mail program that is about one of mailkey's. */
export interface OwnedAccount {
  readonly account: ProgramAccount;
  readonly subject: AccountSubject;
}

/** Names of the settings that say whose mailbox it is, and which command gives the token. */
export interface OwnerSettings {
  readonly protocol: Protocol;
  readonly user: readonly string[];
  readonly command: readonly string[];
}

export const MBSYNC_OWNER: OwnerSettings = { protocol: "imap", user: ["user"], command: ["passcmd"] };
export const MSMTP_OWNER: OwnerSettings = { protocol: "smtp", user: ["user", "from"], command: ["passwordeval"] };

/** The accounts that name an address or user of mailkey's, or run mailkey for one, and go to the provider's server themselves. */
export function ownedAccounts(
  machine: Machine,
  accounts: readonly ProgramAccount[],
  names: OwnerSettings,
): OwnedAccount[] {
  return accounts.flatMap((account) => {
    const subject = ownerOf(machine, account, names);
    return subject === undefined ? [] : [{ account, subject }];
  });
}

function ownerOf(machine: Machine, { settings }: ProgramAccount, names: OwnerSettings): AccountSubject | undefined {
  if (settings.has("tunnel")) return undefined;
  const values = (wanted: readonly string[]) => wanted.flatMap((name) => settings.get(name)?.value ?? []);
  const addresses = values(names.command).flatMap((command) => helperOf(command, machine)?.address ?? []);
  const candidates = [...values(names.user), ...addresses].map((value) => value.toLowerCase());
  const subject = machine.accounts.find(({ account }) =>
    candidates.some((name) => [account.user, account.address].some((own) => own.toLowerCase() === name)),
  );
  const host = settings.get("host")?.value;
  return subject !== undefined && isProxy(host, subject, names.protocol) ? undefined : subject;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i;

/** A server on this machine is somebody's proxy, with passwords and habits of its own, unless the account's own server is here. */
export function isProxy(host: string | undefined, { account }: AccountSubject, protocol: Protocol): boolean {
  const own = account.provider.servers[protocol]?.host ?? "";
  return host !== undefined && LOOPBACK.test(host) && !LOOPBACK.test(own);
}

/**
 * The accounts whose helper is to be looked at, each with its address where that is known: those of mailkey's, and those that run mailkey
 * for whatever address. All others are nobody's business here.
 */
export function helperAccounts(
  machine: Machine,
  accounts: readonly ProgramAccount[],
  names: OwnerSettings,
): { account: ProgramAccount; address: string | undefined }[] {
  return accounts.flatMap((account) => {
    const address = ownerOf(machine, account, names)?.account.address;
    const commands = names.command.flatMap((name) => account.settings.get(name)?.value ?? []);
    const runsMailkey = commands.some((command) => helperOf(command, machine)?.isMailkey === true);
    return address === undefined && !runsMailkey ? [] : [{ account, address }];
  });
}

type Place = Pick<Setting, "file" | "line"> & Partial<Pick<Setting, "isShared">>;
type Mending = Pick<Finding, "remedy" | "advice">;

/** Gives a setting another line. What mailkey wrote, mailkey writes anew. */
export function mendLine(program: string, setting: Setting, text: string): Mending {
  const { file, line, isShared } = setting;
  if (isOurs(program, file, line)) return { remedy: [`mailkey setup ${program}`] };
  if (isShared) return { remedy: [editorLine(file, line)], advice: `Write there: ${text}` };
  return { remedy: [replaceLine(file, line, text)] };
}

/** Adds a setting at the beginning of an account: behind the line that it begins with, or behind another setting. */
export function addLine(program: string, place: Place, text: string): Mending {
  const { file, line, isShared = false } = place;
  if (isOurs(program, file, line)) return { remedy: [`mailkey setup ${program}`] };
  // sed of the BSDs cannot make a line of a substitution.
  if (isShared || process.platform !== "linux")
    return { remedy: [editorLine(file, line)], advice: `Write below that line: ${text}` };
  return { remedy: [insertAfter(file, line, text)] };
}

/** Whether a line stands in the block that `mailkey setup` wrote for the program. */
function isOurs(program: string, file: string, line: number): boolean {
  try {
    const text = latin1(readConfig(file) ?? "");
    const block = findBlocks(text, file).find((each) => each.program === program);
    if (block === undefined) return false;
    const last = block.line + text.slice(block.start, block.end).trimEnd().split("\n").length - 1;
    return line >= block.line && line <= last;
  } catch (error) {
    if (isMailkeyError(error)) return false; // its marks are damaged: a check of its own says so
    throw error;
  }
}
