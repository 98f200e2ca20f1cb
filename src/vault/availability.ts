/** Which vaults this machine could offer. Prompts for nothing and creates nothing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isMailkeyError } from "../errors.ts";
import { findExecutable } from "../platform/executables.ts";
import { homeFolder, type Environment } from "../platform/paths.ts";
import { gpgProgram } from "./gpg.ts";
import { listSecretKeys } from "./gpg-keys.ts";
import type { VaultKind } from "./vault.ts";

export interface Availability {
  readonly kind: VaultKind;
  readonly available: boolean;
  /** What is there, or what is missing. */
  readonly remark: string;
}

export async function availability(kind: VaultKind, env: Environment): Promise<Availability> {
  if (kind === "gpg") return gpgAvailability(env);
  if (kind === "keyring") return keyringAvailability(env);
  const remark = kind === "age" ? "built in" : "any pair of commands, as age with a plugin, or pass";
  return { kind, available: true, remark };
}

/** Asking gpg anything creates its folder; people who never used it should not get one. */
export function gpgIsUsed(env: Environment): boolean {
  const home = env["GNUPGHOME"] ?? "";
  return existsSync(home === "" ? join(homeFolder(env), ".gnupg") : home);
}

async function gpgAvailability(env: Environment): Promise<Availability> {
  if (findExecutable("gpg", env) === undefined)
    return { kind: "gpg", available: false, remark: "gpg is not installed" };
  const none = { kind: "gpg", available: true, remark: "no key yet; mailkey vault init gpg makes one" } as const;
  if (!gpgIsUsed(env)) return none;
  try {
    const keys = (await listSecretKeys(gpgProgram(env))).filter((key) => key.usable);
    if (keys.length === 0) return none;
    return { kind: "gpg", available: true, remark: keys.map(({ fingerprint }) => fingerprint).join(", ") };
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    return { kind: "gpg", available: false, remark: error.message };
  }
}

function keyringAvailability(env: Environment): Availability {
  const kind = "keyring";
  if (process.platform === "darwin") return { kind, available: true, remark: "macOS Keychain" };
  if (process.platform === "win32") return { kind, available: true, remark: "Windows Credential Manager" };
  if (findExecutable("secret-tool", env) === undefined) {
    return {
      kind,
      available: false,
      remark: "secret-tool is not installed (Debian, Ubuntu: apt install libsecret-tools)",
    };
  }
  const bus =
    (env["DBUS_SESSION_BUS_ADDRESS"] ?? "") !== "" || existsSync(join(env["XDG_RUNTIME_DIR"] ?? "/nowhere", "bus"));
  return bus
    ? { kind, available: true, remark: "Secret Service" }
    : { kind, available: false, remark: "there is no session bus here" };
}
