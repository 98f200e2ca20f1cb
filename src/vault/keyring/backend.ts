/** A keyring of the operating system, as far as mailkey uses it: one item, holding one line. */
import type { Environment } from "../../platform/paths.ts";
import type { Secret } from "../../platform/secret.ts";

export interface KeyringBackend {
  /** For people: `Secret Service`. */
  readonly name: string;
  /**
   * @returns the item, or undefined when there is none
   * @throws ERR_VAULT_LOCKED, ERR_VAULT_UNUSABLE
   */
  get(): Promise<Secret | undefined>;
  /** @throws ERR_VAULT_LOCKED, ERR_VAULT_UNUSABLE */
  set(value: Secret): Promise<void>;
}

/** How the item is called in every keyring. */
export const ITEM = { service: "mailkey", account: "vault-key", label: "mailkey vault key" } as const;

/** A person may have to unlock the keyring first; a prompt that nobody sees must not hold a mail program for ever. */
export const KEYRING_TIMEOUT_MS = 120_000;

/**
 * The keyring of this operating system. Loads that one only.
 *
 * @param isSilent a locked keyring asks nobody to unlock it. The Secret Service only: macOS gives no choice, Windows never asks.
 */
export async function systemKeyring(
  env: Environment,
  isSilent = false,
  platform: string = process.platform,
): Promise<KeyringBackend> {
  switch (platform) {
    case "darwin":
      return (await import("./macos.ts")).macosKeychain(env);
    case "win32":
      return (await import("./windows.ts")).windowsCredentials(env);
    default:
      return (await import("./secret-service.ts")).secretService(env, isSilent);
  }
}
