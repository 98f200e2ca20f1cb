/** The active vault as the agent uses it: opened once for each vault.toml, with the agent's memory in front of it. */
import type { Environment, Paths } from "../../platform/paths.ts";
import { openVault, type VaultPorts } from "../../vault/open.ts";
import { loadVaultSettings, vaultSettingsStamp, type VaultSettings } from "../../vault/settings.ts";
import type { Vault } from "../../vault/vault.ts";
import type { HeldVault } from "./held-vault.ts";

/**
 * Whether a person is needed before it can be read. `passphrase`: mailkey itself asks for it. `program`: gpg or the keyring asks, and
 * mailkey never learns the answer. Whether it will ask, only it knows: a gpg key may have no passphrase.
 */
export type Needs = "nothing" | "passphrase" | "program";

export interface OpenedVault {
  readonly needs: Needs;
  /** Remembers what passes through it, and asks nobody. */
  readonly held: Vault;
  /** Remembers nothing, and asks nobody. */
  readonly bare: Vault;
  /** Remembers, and lets gpg or the keyring ask. */
  readonly asking: Vault;
}

export interface OpenerPorts {
  readonly paths: Paths;
  /** Where gpg and the keyring find the person: it changes with who unlocked last. */
  readonly env: () => Environment;
  readonly passphraseCipher: NonNullable<VaultPorts["passphraseCipher"]>;
  /** Another vault has become active: nothing that was remembered counts. */
  readonly onSwitch: () => void;
}

export class VaultOpener {
  readonly #ports: OpenerPorts;
  readonly #memory: HeldVault;
  #current: Promise<OpenedVault> | undefined;
  /** Of the vault.toml that was read last. */
  #stamp: string | undefined;

  constructor(ports: OpenerPorts, memory: HeldVault) {
    this.#ports = ports;
    this.#memory = memory;
  }

  /** @throws what `openVault` throws */
  async open(): Promise<OpenedVault> {
    const stamp = vaultSettingsStamp(this.#ports.paths);
    if (stamp !== this.#stamp) {
      this.#current = undefined;
      if (this.#stamp !== undefined) this.#ports.onSwitch();
      this.#stamp = stamp;
    }
    const opened = (this.#current ??= this.#open());
    try {
      return await opened;
    } catch (error) {
      if (this.#current === opened) this.#current = undefined; // it may be mended without a new vault.toml
      throw error;
    }
  }

  /** Forgets what opening has brought with it: the environment, a key from the keyring. */
  reset(): void {
    this.#current = undefined;
  }

  /** The bare vault with another cipher for its passphrase, for trying one out. */
  openWith(passphraseCipher: OpenerPorts["passphraseCipher"]): Promise<Vault> {
    const { paths, env } = this.#ports;
    return openVault(paths, env(), { passphraseCipher, isSilent: true });
  }

  async #open(): Promise<OpenedVault> {
    const { paths, passphraseCipher } = this.#ports;
    const env = this.#ports.env();
    const bare = await openVault(paths, env, { passphraseCipher, isSilent: true });
    const asking = await openVault(paths, env, { passphraseCipher });
    return {
      needs: needsOf(loadVaultSettings(paths)),
      bare,
      held: this.#memory.over(bare),
      asking: this.#memory.over(asking),
    };
  }
}

function needsOf(settings: VaultSettings | undefined): Needs {
  const { active, age, gpg } = settings ?? {};
  if (active === "age" && age?.passphrase === "prompt") return "passphrase";
  if (active === "gpg" && gpg?.passphrase_file === undefined && gpg?.passphrase_command === undefined) return "program";
  return active === "keyring" ? "program" : "nothing";
}
