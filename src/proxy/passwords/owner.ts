/** Whom a password can be for: an address that an account opens, or `@domain`, all that a catch-all account opens. */
import { existsSync } from "node:fs";
import { isShared, type AccountFile } from "../../accounts/account.ts";
import { normaliseAddress } from "../../accounts/address.ts";
import { accountPath, requireAccount } from "../../accounts/store.ts";
import { MailkeyError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import { CatchAlls } from "../catch-alls.ts";
import { removePasswords } from "./store.ts";

/** @throws ERR_CONFIG when it is neither an address nor `@domain` */
export function normaliseOwner(given: string): string {
  return given.startsWith("@") ? normaliseAddress(`x${given}`).slice(1) : normaliseAddress(given);
}

/**
 * @param given the only account when undefined
 * @throws ERR_ACCOUNT_UNKNOWN when no account opens it, ERR_USAGE when it is to be the only one and there are several, ERR_CONFIG
 */
export function requireOwner(paths: Paths, given: string | undefined): string {
  const owner = given === undefined ? undefined : normaliseOwner(given);
  if (owner === undefined || existsSync(accountPath(paths, owner.startsWith("@") ? `x${owner}` : owner)))
    return normaliseAddress(requireAccount(paths, owner).address);
  const isDomain = owner.startsWith("@");
  if (new CatchAlls(paths).accountFor(isDomain ? `x${owner}` : owner) !== undefined) return owner;
  if (!isDomain) requireAccount(paths, owner);
  throw new MailkeyError("ERR_ACCOUNT_UNKNOWN", `no account opens all mailboxes of ${owner.slice(1)}`, {
    hint: "mailkey help add: --catch-all",
  });
}

/**
 * The passwords of an account that has just been removed, those for mailboxes that only it opened included.
 *
 * @throws ERR_CONFIG when the file of passwords is damaged, ERR_LOCK_TIMEOUT, ERR_STORAGE, ERR_UNTRUSTED_FILE
 */
export async function forgetPasswords(paths: Paths, clock: Clock, account: AccountFile): Promise<void> {
  const address = normaliseAddress(account.address);
  const domain =
    isShared(account) || account.catch_all === undefined ? undefined : normaliseOwner(`@${account.catch_all}`);
  await removePasswords(paths, clock, (kept) => {
    const isCaught = domain !== undefined && kept.for.endsWith(domain);
    return kept.for === address || kept.for === domain || (isCaught && !existsSync(accountPath(paths, kept.for)));
  });
}
