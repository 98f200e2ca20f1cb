/**
 * What the agent remembers of the vault: each credential's plaintext, in secret memory, for as long as the file it came from is
 * unchanged. A credential is decrypted once for each time that it was stored, and not at all when the agent stored it itself.
 *
 * Nothing is served that is no longer what the vault holds: an old refresh token, used again, may cost the sign-in.
 */
import type { KeptSecret, MemoryUse, SecretMemory } from "../../platform/secret-memory.ts";
import type { Vault } from "../../vault/vault.ts";

interface Held {
  readonly stamp: string;
  readonly secret: KeptSecret;
}

/** Decryptions under way, by name: whoever asks for the same meanwhile waits for it, and shares its failure. */
type Readings = Map<string, Promise<unknown>>;

export class HeldVault {
  readonly #memory: SecretMemory;
  readonly #held = new Map<string, Held>();
  /** Counts forgetting: what was begun before remembers nothing. */
  #epoch = 0;

  constructor(memory: SecretMemory) {
    this.#memory = memory;
  }

  /** `vault`, with this memory in front of it. To be kept as long as `vault` is. */
  over(vault: Vault): Vault {
    const readings: Readings = new Map();
    return {
      kind: vault.kind,
      description: vault.description,
      list: () => vault.list(),
      stamp: (name) => vault.stamp(name),
      read: (name) => this.#read(vault, readings, name),
      write: (name, plaintext) => this.#write(vault, name, plaintext),
      remove: async (name) => {
        this.#drop(name);
        await vault.remove(name);
      },
    };
  }

  /** Whether reading that credential would decrypt nothing. */
  holds(vault: Vault, name: string): boolean {
    const held = this.#held.get(name);
    return held !== undefined && held.stamp === vault.stamp(name);
  }

  /** Decrypts it, whatever is remembered, and remembers that. */
  async decrypt(vault: Vault, name: string): Promise<void> {
    (await this.#decrypt(vault, new Map(), name, vault.stamp(name)))?.fill(0);
  }

  /** Overwrites all of it. Reads and writes that are under way end as they would, and are not remembered. */
  forget(): void {
    this.#epoch += 1;
    for (const { secret } of this.#held.values()) secret.wipe();
    this.#held.clear();
  }

  use(): MemoryUse {
    return this.#memory.use();
  }

  async #read(vault: Vault, readings: Readings, name: string): Promise<Uint8Array | undefined> {
    for (;;) {
      const stamp = vault.stamp(name); // before reading: a replacement in between is then noticed
      const held = this.#held.get(name);
      if (held !== undefined && held.stamp === stamp) return held.secret.copy();
      const underWay = readings.get(name);
      if (underWay === undefined) return this.#decrypt(vault, readings, name, stamp);
      await underWay;
    }
  }

  async #decrypt(
    vault: Vault,
    readings: Readings,
    name: string,
    stamp: string | undefined,
  ): Promise<Uint8Array | undefined> {
    const epoch = this.#epoch;
    const reading = vault.read(name);
    readings.set(name, reading);
    try {
      const plaintext = await reading;
      // What has been replaced meanwhile must not push out what is newer.
      if (epoch === this.#epoch && vault.stamp(name) === stamp) this.#remember(name, stamp, plaintext);
      return plaintext;
    } finally {
      readings.delete(name);
    }
  }

  async #write(vault: Vault, name: string, plaintext: Uint8Array): Promise<string> {
    const epoch = this.#epoch;
    const held = this.#held.get(name);
    const rewritten = held?.secret.equals(plaintext) === true ? await vault.rewrite?.(name, held.stamp) : undefined;
    const stamp = rewritten ?? (await vault.write(name, plaintext));
    if (epoch === this.#epoch) this.#remember(name, stamp, plaintext);
    return stamp;
  }

  #remember(name: string, stamp: string | undefined, plaintext: Uint8Array | undefined): void {
    this.#drop(name);
    if (stamp === undefined || plaintext === undefined) return;
    this.#held.set(name, { stamp, secret: this.#memory.keep(Uint8Array.from(plaintext)) });
  }

  #drop(name: string): void {
    this.#held.get(name)?.secret.wipe();
    this.#held.delete(name);
  }
}
