import type { Vault } from "../../src/vault/vault.ts";

/** A vault without encryption or disk, with switches for what disks do. */
export class MemoryVault implements Vault {
  readonly kind = "command";
  readonly description = "memory";
  readonly values = new Map<string, Uint8Array>();
  writes = 0;
  /** Called before every write; throws to refuse it. */
  beforeWrite: (write: number) => void = () => undefined;
  #stamps = new Map<string, number>();

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.values.get(name)?.slice());
  }

  async write(name: string, plaintext: Uint8Array): Promise<string> {
    this.writes += 1;
    this.beforeWrite(this.writes);
    this.values.set(name, plaintext.slice());
    this.#stamps.set(name, this.writes);
    return String(this.writes);
  }

  remove(name: string): Promise<void> {
    this.values.delete(name);
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.values.keys()]);
  }

  stamp(name: string): string | undefined {
    return this.#stamps.get(name)?.toString();
  }
}
