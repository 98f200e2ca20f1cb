/**
 * Where credentials rest. A vault stores named blobs of bytes, encrypted; what is in them is not its business.
 *
 * Names are account addresses in their file form (`accounts/address.ts`). `write` is atomic and durable: when it
 * returns, the new value survives a power cut; when it throws, the old value is intact.
 */

export type VaultKind = "gpg" | "age" | "keyring" | "command";

export interface Vault {
  readonly kind: VaultKind;
  /** One line for people: which key or command it uses. */
  readonly description: string;
  /**
   * @returns the plaintext, the caller's own to overwrite; undefined when nothing is stored under that name
   * @throws ERR_VAULT_LOCKED, ERR_VAULT_UNUSABLE, ERR_VAULT_DAMAGED, ERR_STORAGE
   */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * @returns the stamp of what was written
   * @throws ERR_VAULT_UNUSABLE, ERR_VAULT_LOCKED, ERR_STORAGE
   */
  write(name: string, plaintext: Uint8Array): Promise<string>;
  /**
   * Writes what is stored once more, as it is: whoever is about to write something precious learns whether the vault can be
   * written. Only where encrypting costs a second and cannot fail; elsewhere `write` shows more.
   *
   * @returns its new stamp, or undefined when what is stored no longer has the given one
   * @throws ERR_STORAGE
   */
  rewrite?(name: string, stamp: string): Promise<string | undefined>;
  /** Removing what is not there is no error. @throws ERR_STORAGE */
  remove(name: string): Promise<void>;
  /** The stored names, sorted. Decrypts nothing. */
  list(): Promise<string[]>;
  /** Changes whenever the stored value is replaced; undefined when there is none. Cheap, decrypts nothing. */
  stamp(name: string): string | undefined;
}

/** Turns plaintext into ciphertext and back. Every file vault is one of these plus `file-vault.ts`. */
export interface Cipher {
  readonly kind: VaultKind;
  readonly description: string;
  /** The ending of its files, with the dot: `.gpg`, `.age`. */
  readonly extension: string;
  /** A key is derived from a passphrase for every run: see `Vault.rewrite`. */
  readonly isSlow?: boolean;
  encrypt(plaintext: Uint8Array): Promise<Uint8Array>;
  decrypt(ciphertext: Uint8Array): Promise<Uint8Array>;
}
