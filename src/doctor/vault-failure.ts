/**
 * Which check reports why the vault cannot be used: each reason has one, and `vault-works` has all that are left. Files that are not
 * trusted are no reason of the vault's; `file-modes` and `file-owners` report those.
 */
import type { MailkeyError } from "../errors.ts";
import type { Machine, VaultLook } from "./check.ts";

export type VaultCheckId =
  | "vault-settings"
  | "age-identity"
  | "gpg-program"
  | "gpg-key"
  | "gpg-agent"
  | "gpg-pinentry"
  | "passphrase-source"
  | "keyring"
  | "vault-commands"
  | "vault-works";

/** By `details.reason` of what `vault/gpg-failure.ts` and `vault/gpg-run.ts` throw. */
const GPG_REASONS: Readonly<Record<string, VaultCheckId>> = {
  gpg_missing: "gpg-program",
  no_public_key: "gpg-key",
  no_secret_key: "gpg-key",
  key_expired: "gpg-key",
  key_revoked: "gpg-key",
  key_unusable: "gpg-key",
  no_agent: "gpg-agent",
  loopback_forbidden: "gpg-agent",
  loopback_without_source: "gpg-agent",
  no_pinentry: "gpg-pinentry",
  no_terminal: "gpg-pinentry",
  cancelled: "gpg-pinentry",
  timeout: "gpg-pinentry",
  no_answer: "gpg-pinentry",
};

export interface VaultFailure {
  readonly error: MailkeyError;
  /** `details.reason` of the error, where there is one. */
  readonly reason: string;
}

/** Why the vault cannot be used, if that is for this check to report. */
export async function vaultFailure(machine: Machine, check: VaultCheckId): Promise<VaultFailure | undefined> {
  const look = await machine.vault();
  const { failure } = look;
  if (failure === undefined || reporterOf(look, failure) !== check) return undefined;
  return { error: failure, reason: reasonOf(failure) };
}

function reporterOf({ settings }: VaultLook, failure: MailkeyError): VaultCheckId | undefined {
  if (failure.code === "ERR_UNTRUSTED_FILE") return undefined;
  if (settings === undefined || failure.code === "ERR_CONFIG") return "vault-settings";
  const { active, age, gpg } = settings;
  if (active === "keyring") return "keyring";
  if (active === "command") return "vault-commands";
  if (active === "age" && age?.identity !== undefined) return "age-identity";
  const byGpg = active === "gpg" ? GPG_REASONS[reasonOf(failure)] : undefined;
  if (byGpg !== undefined) return byGpg;
  const source = active === "gpg" ? gpg : age;
  const hasSource = source?.passphrase_file !== undefined || source?.passphrase_command !== undefined;
  return hasSource ? "passphrase-source" : "vault-works";
}

function reasonOf({ details }: MailkeyError): string {
  const reason = details?.["reason"];
  return typeof reason === "string" ? reason : "";
}
