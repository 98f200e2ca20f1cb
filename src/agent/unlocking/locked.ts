/** ERR_VAULT_LOCKED in the agent's words. `details.reason` tells its clients, and itself, what would help. */
import { isMailkeyError, MailkeyError, type MailkeyErrorOptions } from "../../errors.ts";

/**
 * `needs_person`: somebody has to be asked, and may be. `needs_passphrase`: it has to be handed over. `no_terminal`: there is nowhere to
 * ask. `refused`: somebody was asked, in vain. Vaults themselves also say `bad_passphrase`.
 */
export type LockedReason = "needs_person" | "needs_passphrase" | "no_terminal" | "refused";

export const UNLOCK = "mailkey agent unlock";

export function lockedError(
  reason: LockedReason,
  message = "the vault is locked",
  options: Pick<MailkeyErrorOptions, "cause" | "hint"> = {},
): MailkeyError {
  return new MailkeyError("ERR_VAULT_LOCKED", message, { hint: UNLOCK, ...options, details: { reason } });
}

/** @returns undefined for any other error */
export function lockedReason(error: unknown): unknown {
  return isMailkeyError(error, "ERR_VAULT_LOCKED") ? error.details?.["reason"] : undefined;
}
