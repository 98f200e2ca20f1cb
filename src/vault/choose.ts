/**
 * Chooses a vault at first use, from what the machine has. mailkey renews tokens at night, from timers, with nobody there: a
 * vault that may ask a question is never the default.
 *
 * 1. The keyring, in a desktop session whose keyring answers: it is unlocked by logging in, and protects a stolen disk.
 * 2. gpg, when there is exactly one secret key that can be encrypted to and it has no passphrase: then it works unattended
 *    and its owner has a way of backing it up.
 * 3. An age identity file otherwise. It protects what a 0600 file protects, and always works.
 *
 * A gpg key with a passphrase is passed over even when the agent knows it now: tomorrow it does not. Those who want it say
 * `mailkey vault move gpg`.
 */
import { isMailkeyError } from "../errors.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { gpgIsUsed } from "./availability.ts";
import { gpgProgram } from "./gpg.ts";
import { hasNoPassphrase, listSecretKeys } from "./gpg-keys.ts";
import { createCipher, openVault } from "./open.ts";
import { probeCipher } from "./probe.ts";
import { setUpAge, setUpKeyring } from "./set-up.ts";
import { loadVaultSettings, saveVaultSettings, type VaultSettings } from "./settings.ts";
import { lockVaultSettings, type SwitchPorts, type VaultTarget } from "./switch.ts";
import type { Vault } from "./vault.ts";

export interface VaultChoice {
  readonly settings: VaultSettings;
  /** One line for people: what was chosen and why. */
  readonly reason: string;
}

/**
 * Opens the active vault; at first use chooses one, sets it up and makes it active.
 *
 * @returns the vault, and the reason when it was chosen just now
 * @throws ERR_CONFIG, ERR_STORAGE, ERR_UNTRUSTED_FILE
 */
export async function ensureVault(
  paths: Paths,
  env: Environment,
  ports: SwitchPorts,
): Promise<{ vault: Vault; reason: string | undefined }> {
  if (loadVaultSettings(paths) !== undefined) return { vault: await openVault(paths, env, ports), reason: undefined };
  const lock = await lockVaultSettings(paths, ports);
  try {
    let reason: string | undefined;
    if (loadVaultSettings(paths) === undefined) {
      const chosen = await chooseDefaultVault(paths, env, new Date(ports.clock.now().wallMs));
      saveVaultSettings(paths, chosen.settings);
      reason = chosen.reason;
    }
    return { vault: await openVault(paths, env, ports), reason };
  } finally {
    lock.release();
  }
}

/** Chooses and makes the key where one is needed, but activates nothing. Each candidate is tried out first. */
export async function chooseDefaultVault(paths: Paths, env: Environment, now: Date): Promise<VaultChoice> {
  if (inDesktopSession(env)) {
    const keyring = await attempt(async () => (await setUpKeyring(env)).target);
    if (keyring !== undefined && (await works(keyring, paths, env)))
      return choice(keyring, "credentials are kept in the keyring of this desktop, open while you are logged in");
  }
  const keys = gpgIsUsed(env)
    ? ((await attempt(async () => (await listSecretKeys(gpgProgram(env))).filter((key) => key.usable))) ?? [])
    : [];
  const [key] = keys;
  if (key !== undefined && keys.length === 1 && (await attempt(() => hasNoPassphrase(gpgProgram(env), key))) === true) {
    const gpg: VaultTarget = { active: "gpg", gpg: { recipient: key.fingerprint } };
    if (await works(gpg, paths, env))
      return choice(gpg, `credentials are encrypted to your gpg key ${key.fingerprint}, which works unattended`);
  }
  const { target } = await setUpAge(paths, env, {}, now);
  const identity = target.age?.identity ?? "";
  const aside = key === undefined ? "" : " (your gpg key asks for a passphrase: mailkey vault move gpg uses it anyway)";
  return choice(target, `credentials are encrypted to the age identity ${identity}, which works unattended${aside}`);
}

function choice(target: VaultTarget, reason: string): VaultChoice {
  return { settings: { folder: "vault", ...target }, reason };
}

/** Somebody sits at this machine, or at least their session runs here. */
function inDesktopSession(env: Environment): boolean {
  if ((env["SSH_CONNECTION"] ?? "") !== "") return false;
  if (process.platform === "darwin" || process.platform === "win32") return true;
  return (env["WAYLAND_DISPLAY"] || env["DISPLAY"] || "") !== "";
}

async function works(target: VaultTarget, paths: Paths, env: Environment): Promise<boolean> {
  const tried = await attempt(async () => {
    await probeCipher(await createCipher({ folder: "vault", ...target }, paths, env, {}));
    return true;
  });
  return tried ?? false;
}

/** A candidate that fails in a known way is just not chosen. */
async function attempt<T>(task: () => Promise<T>): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}
