/** Writes what was planned: credential and account. */
import { readAccount, saveAccount } from "../accounts/store.ts";
import { MailkeyError } from "../errors.ts";
import { acquireLock } from "../platform/lock.ts";
import { shellWord } from "../platform/shell.ts";
import { CredentialStore, type StorePorts } from "../tokens/store.ts";
import { needsSignIn, type ImportPlan } from "./plan.ts";

/** Long enough for a renewal in progress to end by itself. */
const LOCK_WAIT_MS = 90_000;

/**
 * A sign-in that works is not given up for a file that has none.
 *
 * @throws ERR_CONFIG when there is such an account already, unless it may be replaced by a sign-in
 */
export function refuseExisting({ paths }: Pick<StorePorts, "paths">, plan: ImportPlan, mayReplace: boolean): void {
  const { address } = plan.account;
  if (readAccount(paths, address) === undefined) return;
  if (needsSignIn(plan))
    throw new MailkeyError("ERR_CONFIG", `there is an account ${address} already, and no sign-in in the file`, {
      hint: `mailkey status ${shellWord(address)}`,
    });
  if (mayReplace) return;
  throw new MailkeyError("ERR_CONFIG", `there is an account ${address} already`, {
    hint: "--replace puts the imported one in its place",
  });
}

/** Stores credential and account, in this order: an account without a credential asks people to sign in. */
export async function storeImport({ account, credential }: ImportPlan, ports: StorePorts): Promise<void> {
  const store = new CredentialStore(ports, account.address);
  const lock = await acquireLock(store.lockPath, { timeoutMs: LOCK_WAIT_MS, clock: ports.clock });
  try {
    // What is left in the vault from before belongs to another client, and would be sent to this one's endpoint.
    await (credential === undefined ? store.remove() : store.save(credential));
    saveAccount(ports.paths, account);
  } finally {
    lock.release();
  }
}
