/**
 * One account's credential in the vault, and beside it a record without secrets that `status` reads.
 *
 * The vault is opened anew for every operation: `vault move` may have switched it since the last one.
 */
import { addressToFileName } from "../accounts/address.ts";
import type { Clock } from "../platform/clock.ts";
import type { Paths } from "../platform/paths.ts";
import { accountLockPath } from "../platform/lock.ts";
import type { Vault } from "../vault/vault.ts";
import { decodeCredential, encodeCredential, type Credential } from "./credential.ts";
import { readRecord, recordOf, recordPath, removeRecord, writeRecord, type Failure } from "./record.ts";

export interface StorePorts {
  readonly paths: Paths;
  readonly clock: Clock;
  openVault(): Promise<Vault>;
}

/** A credential with the stamp that it was read under. */
export interface Loaded {
  readonly credential: Credential;
  readonly stamp: string | undefined;
}

export class CredentialStore {
  readonly lockPath: string;
  readonly #ports: StorePorts;
  readonly #address: string;
  readonly #name: string;
  readonly #recordPath: string;

  constructor(ports: StorePorts, address: string) {
    this.#ports = ports;
    this.#address = address;
    this.#name = addressToFileName(address);
    this.#recordPath = recordPath(ports.paths, address);
    this.lockPath = accountLockPath(ports.paths, this.#name);
  }

  /** @returns undefined when nothing is stored */
  async load(): Promise<Loaded | undefined> {
    const vault = await this.#ports.openVault();
    const stamp = vault.stamp(this.#name); // before reading: a replacement in between is then noticed
    const bytes = await vault.read(this.#name);
    if (bytes === undefined) return undefined;
    try {
      return { credential: decodeCredential(bytes, this.#address), stamp };
    } finally {
      bytes.fill(0);
    }
  }

  /** Whether the credential has been replaced since `stamp` was taken. Decrypts nothing. */
  async changedSince(stamp: string | undefined): Promise<boolean> {
    return (await this.#ports.openVault()).stamp(this.#name) !== stamp;
  }

  /** Durable when it returns. The record is written afterwards: losing it loses nothing. */
  async save(credential: Credential): Promise<void> {
    const vault = await this.#ports.openVault();
    const bytes = encodeCredential(credential);
    try {
      await vault.write(this.#name, bytes);
    } finally {
      bytes.fill(0);
    }
    this.record(credential);
  }

  /** Notes the credential's dates, and a failure when there was one, where `status` finds them. Never fails. */
  record(credential: Credential, failure?: Failure): void {
    writeRecord(this.#recordPath, recordOf(credential, failure));
  }

  /** The failure that the record tells of, when the last attempt was one. */
  lastFailure(): Failure | undefined {
    return readRecord(this.#recordPath)?.failure;
  }

  async remove(): Promise<void> {
    await (await this.#ports.openVault()).remove(this.#name);
    removeRecord(this.#recordPath);
  }
}
