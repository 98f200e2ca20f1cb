/** Makes a vault the active one where nothing has to be carried over; otherwise `move.ts` is the way. */
import { MailkeyError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { accountLockPath, acquireLock, type Lock } from "../platform/lock.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { createCipher, createVault, type VaultPorts } from "./open.ts";
import { probeCipher } from "./probe.ts";
import { loadVaultSettings, saveVaultSettings, type VaultSettings } from "./settings.ts";

/** The tables of a kind that is to become active; those of other kinds stay as they are. */
export type VaultTarget = Pick<VaultSettings, "active"> & Partial<Omit<VaultSettings, "active" | "folder">>;

export interface SwitchPorts extends VaultPorts {
  readonly clock: Clock;
  /** Credentials whose key is lost may be left where they are; without it, `useVault` refuses. */
  readonly leaveBehind?: boolean;
  readonly signal?: AbortSignal;
}

/** Settings are changed by one process at a time. A move waits for accounts that are being renewed. */
const LOCK_TIMEOUT_MS = 120_000;

/** The lock of vault.toml. No account's lock has its name: those contain an @. */
export function lockVaultSettings(paths: Paths, ports: SwitchPorts): Promise<Lock> {
  return lockCredential(paths, "vault", ports);
}

/** @throws ERR_LOCK_TIMEOUT */
export function lockCredential(paths: Paths, name: string, { clock, signal }: SwitchPorts): Promise<Lock> {
  return acquireLock(accountLockPath(paths, name), { timeoutMs: LOCK_TIMEOUT_MS, clock, signal });
}

/**
 * Makes `target` active after trying it out.
 *
 * @throws ERR_USAGE when credentials are stored that `target` cannot read: they have to be moved; what the vault throws
 */
export async function useVault(
  paths: Paths,
  env: Environment,
  target: VaultTarget,
  ports: SwitchPorts,
): Promise<VaultSettings> {
  const lock = await lockVaultSettings(paths, ports);
  try {
    const current = loadVaultSettings(paths);
    const settings: VaultSettings = { ...current, folder: current?.folder ?? "vault", ...target };
    await probeCipher(await createCipher(settings, paths, env, ports));
    if (current !== undefined && ports.leaveBehind !== true) await refuseToStrand(paths, env, current, settings, ports);
    saveVaultSettings(paths, settings);
    return settings;
  } finally {
    lock.release();
  }
}

/** Every credential stored now must be readable afterwards. */
async function refuseToStrand(
  paths: Paths,
  env: Environment,
  current: VaultSettings,
  settings: VaultSettings,
  ports: SwitchPorts,
): Promise<void> {
  const names = await (await createVault(current, paths, env, ports)).list();
  if (names.length === 0) return;
  const count = names.length === 1 ? "1 credential is" : `${names.length} credentials are`;
  const refusal = (cause?: unknown) =>
    new MailkeyError("ERR_USAGE", `${count} stored under the ${current.active} vault and would be out of reach`, {
      cause,
      hint: `carry them over with the same options: mailkey vault move ${settings.active} …`,
    });
  if (settings.active !== current.active) throw refusal();
  // Another passphrase file for the same key, for example: nothing has to be encrypted anew.
  const changed = await createVault(settings, paths, env, ports);
  for (const name of names) {
    try {
      await changed.read(name);
    } catch (cause) {
      throw refusal(cause);
    }
  }
}
