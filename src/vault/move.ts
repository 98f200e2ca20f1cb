/**
 * Carries all credentials to another vault. At every moment, killed or not, all of them are readable through the active vault:
 *
 * 1. a marker says what is about to happen;
 * 2. under every account's lock each credential is written to the new place, read back and compared;
 * 3. vault.toml is replaced: this one step is the move;
 * 4. the old files are removed, then the marker.
 *
 * The new place is one without files (another ending, or another folder), so whatever an interrupted move left is known to be
 * its own: before step 3 the copies, afterwards the originals. `finishMove` removes it.
 */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { readPrivateText, removeFile, replaceFile } from "../platform/files.ts";
import type { Lock } from "../platform/lock.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { createCipher, createVault } from "./open.ts";
import { probeCipher } from "./probe.ts";
import { checkVaultSettings, loadVaultSettings, saveVaultSettings, type VaultSettings } from "./settings.ts";
import { lockCredential, lockVaultSettings, type SwitchPorts, type VaultTarget } from "./switch.ts";
import type { Vault } from "./vault.ts";
import { shellWord } from "../platform/shell.ts";

export interface MovePorts extends SwitchPorts {
  /** Told after each step: `marked`, `copied NAME`, `switched`, `removed NAME`, `done`. */
  readonly onStep?: (step: string) => void;
}

export interface MoveResult {
  readonly settings: VaultSettings;
  /** The names that were carried over. */
  readonly moved: readonly string[];
}

interface Marker {
  readonly from: VaultSettings;
  readonly to: VaultSettings;
}

/**
 * Moves all credentials to `target` and makes it the active vault. Failing, everything is as before.
 *
 * @throws ERR_LOCK_TIMEOUT, ERR_STORAGE, what either vault throws
 */
export async function moveVault(
  paths: Paths,
  env: Environment,
  target: VaultTarget,
  ports: MovePorts,
): Promise<MoveResult> {
  const locks: Lock[] = [await lockVaultSettings(paths, ports)];
  try {
    await finishMove(paths, env, ports);
    const current = loadVaultSettings(paths);
    const settings: VaultSettings = { ...current, folder: current?.folder ?? "vault", ...target };
    await probeCipher(await createCipher(settings, paths, env, ports));
    if (current === undefined) {
      saveVaultSettings(paths, settings);
      return { settings, moved: [] };
    }
    return await carryOver(paths, env, current, await withEmptyFolder(paths, env, settings, ports), ports, locks);
  } finally {
    for (const lock of locks) lock.release();
  }
}

async function carryOver(
  paths: Paths,
  env: Environment,
  from: VaultSettings,
  to: VaultSettings,
  ports: MovePorts,
  locks: Lock[],
): Promise<MoveResult> {
  const step = ports.onStep ?? (() => undefined);
  const source = await createVault(from, paths, env, ports);
  const destination = await createVault(to, paths, env, ports);
  const moved = await lockAll(paths, source, ports, locks);
  writeMarker(paths, { from, to });
  step("marked");
  try {
    for (const name of moved) {
      await copy(source, destination, name);
      step(`copied ${name}`);
    }
    saveVaultSettings(paths, to);
  } catch (error) {
    // Even the switch may fail after it took effect (its folder could not be synced): what is active now decides what goes.
    await finishMove(paths, env, { ...ports, onStep: () => undefined });
    throw error;
  }
  step("switched");
  await removeOriginals(source, destination, step);
  removeMarker(paths);
  step("done");
  return { settings: to, moved };
}

/**
 * Cleans up after a move that was interrupted. The caller holds the lock of vault.toml.
 *
 * @returns whether there was one
 * @throws ERR_STORAGE, what the vaults throw
 */
export async function finishMove(paths: Paths, env: Environment, ports: MovePorts): Promise<boolean> {
  const marker = readMarker(paths);
  if (marker === undefined) return false;
  const active = loadVaultSettings(paths);
  const source = await createVault(marker.from, paths, env, ports);
  const destination = await createVault(marker.to, paths, env, ports);
  const step = ports.onStep ?? (() => undefined);
  if (active?.active === marker.to.active && active.folder === marker.to.folder) {
    await removeOriginals(source, destination, step);
  } else if (active?.active === marker.from.active && active.folder === marker.from.folder) {
    await removeAll(destination, step);
  }
  // Otherwise somebody edited vault.toml meanwhile: nothing is known any more, and nothing is removed.
  removeMarker(paths);
  return true;
}

/** Whether a move was interrupted and waits for `finishMove`. */
export function moveWasInterrupted(paths: Paths): boolean {
  return readMarker(paths) !== undefined;
}

/** Locks every stored credential, in the order of names, those that appear meanwhile included. */
async function lockAll(paths: Paths, source: Vault, ports: MovePorts, locks: Lock[]): Promise<string[]> {
  const locked = new Set<string>();
  for (;;) {
    const names = await source.list();
    const fresh = names.filter((name) => !locked.has(name));
    if (fresh.length === 0) return names;
    for (const name of fresh) {
      locks.push(await lockCredential(paths, name, ports));
      locked.add(name);
    }
  }
}

async function copy(source: Vault, destination: Vault, name: string): Promise<void> {
  const plaintext = await source.read(name);
  if (plaintext === undefined) return;
  await destination.write(name, plaintext);
  const back = await destination.read(name);
  if (back === undefined || Buffer.compare(back, plaintext) !== 0)
    throw new MailkeyError("ERR_VAULT_UNUSABLE", `the new vault does not give back what was stored for ${name}`);
}

/** What is only in the old place was written during the move, by somebody who had opened the vault before: it is carried over. */
async function removeOriginals(source: Vault, destination: Vault, step: (step: string) => void): Promise<void> {
  const arrived = new Set(await destination.list());
  for (const name of await source.list()) {
    if (!arrived.has(name)) await copy(source, destination, name);
    await source.remove(name);
    step(`removed ${name}`);
  }
}

async function removeAll(vault: Vault, step: (step: string) => void): Promise<void> {
  for (const name of await vault.list()) {
    await vault.remove(name);
    step(`removed ${name}`);
  }
}

/** The first folder that holds no file of that kind. */
async function withEmptyFolder(
  paths: Paths,
  env: Environment,
  settings: VaultSettings,
  ports: SwitchPorts,
): Promise<VaultSettings> {
  for (let number = 1; number < 1000; number++) {
    const candidate = { ...settings, folder: number === 1 ? "vault" : `vault-${number}` };
    const vault = await createVault(candidate, paths, env, ports);
    if ((await vault.list()).length === 0) return candidate;
  }
  throw new MailkeyError("ERR_STORAGE", `there are too many old vault folders in ${paths.state}`);
}

function markerPath(paths: Paths): string {
  return join(paths.state, "vault-move.json");
}

function writeMarker(paths: Paths, marker: Marker): void {
  replaceFile(markerPath(paths), JSON.stringify(marker));
}

function removeMarker(paths: Paths): void {
  removeFile(markerPath(paths));
}

function readMarker(paths: Paths): Marker | undefined {
  const path = markerPath(paths);
  const text = readPrivateText(path, "trusted");
  if (text === undefined) return undefined;
  let raw: { from?: unknown; to?: unknown };
  try {
    raw = JSON.parse(text) as typeof raw;
  } catch (cause) {
    throw new MailkeyError("ERR_CONFIG", `${path} is not valid JSON`, {
      cause,
      hint: `look at it, then remove it: rm ${shellWord(path)}`,
    });
  }
  return { from: checkVaultSettings(raw.from, path), to: checkVaultSettings(raw.to, path) };
}
