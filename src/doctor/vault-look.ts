/** Tries the active vault out, once for all checks, under a time limit: a prompt that nobody sees must not hold the examination up. */
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { createCipher } from "../vault/open.ts";
import type { AskPassphrase } from "../vault/passphrase.ts";
import { probeCipher } from "../vault/probe.ts";
import { loadVaultSettings, type VaultSettings } from "../vault/settings.ts";
import type { VaultLook } from "./check.ts";
import { withLimit } from "../platform/limit.ts";

/** @throws ERR_INTERRUPTED when a person does not want to answer */
export async function lookAtVault(
  paths: Paths,
  env: Environment,
  limitMs: number,
  askPassphrase: AskPassphrase | undefined,
): Promise<VaultLook> {
  let settings: VaultLook["settings"];
  try {
    settings = loadVaultSettings(paths);
    if (settings === undefined) return { settings, failure: noVault() };
    const cipher = await createCipher(settings, paths, env, askPassphrase === undefined ? {} : { askPassphrase });
    await withLimit(probeCipher(cipher), limitMs * slownessOf(settings), noAnswer);
    return { settings, failure: undefined };
  } catch (error) {
    if (isMailkeyError(error) && error.code !== "ERR_INTERRUPTED") return { settings, failure: error };
    throw error;
  }
}

/**
 * How many times longer everything may take that opens the vault: a passphrase in the age format costs a second or more at every look,
 * on purpose, and a renewal looks six times.
 */
export function slownessOf(settings: VaultSettings | undefined): number {
  return settings?.active === "age" && settings.age?.identity === undefined ? 8 : 1;
}

function noVault(): MailkeyError {
  return new MailkeyError("ERR_VAULT_UNUSABLE", "no vault is set up yet", { details: { reason: "no_vault" } });
}

function noAnswer(): MailkeyError {
  return new MailkeyError(
    "ERR_VAULT_LOCKED",
    "the vault does not answer; it may be asking a question that nobody sees",
    {
      hint: "mailkey vault",
      details: { reason: "no_answer" },
    },
  );
}
