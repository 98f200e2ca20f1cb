/**
 * The vault's passphrase while the agent may use it, as bytes in secret memory.
 *
 * Locking ends a term. A renewal that is under way then still has to store what the provider has granted, or the sign-in would
 * be lost: the passphrase of a term is overwritten when the last lease of that term has ended.
 */
import type { KeptSecret, SecretMemory } from "../../platform/secret-memory.ts";

interface Term {
  secret: KeptSecret | undefined;
  leases: number;
}

export class KeptPassphrase {
  readonly #memory: SecretMemory;
  #term: Term = { secret: undefined, leases: 0 };
  readonly #ended = new Set<Term>();

  constructor(memory: SecretMemory) {
    this.#memory = memory;
  }

  /** Overwrites `passphrase`. */
  keep(passphrase: Uint8Array): void {
    this.#term.secret?.wipe();
    this.#term.secret = this.#memory.keep(passphrase);
  }

  /** Which term this is: another one after each `endTerm`. */
  get term(): object {
    return this.#term;
  }

  drop(): void {
    this.#term.secret?.wipe();
    this.#term.secret = undefined;
  }

  /** For reading: a copy, the caller's to overwrite; undefined when there is none. */
  copy(): Uint8Array | undefined {
    return this.#term.secret?.copy();
  }

  /** For storing, which may go on after its term. */
  copyToStore(): Uint8Array | undefined {
    const term = [this.#term, ...this.#ended].find(({ secret }) => secret !== undefined);
    return term?.secret?.copy();
  }

  /** @returns what ends the lease */
  lease(): () => void {
    const term = this.#term;
    term.leases += 1;
    return () => {
      term.leases -= 1;
      if (term.leases === 0 && this.#ended.delete(term)) term.secret?.wipe();
    };
  }

  /** Ends the term and all leases. */
  forget(): void {
    this.endTerm();
    for (const { secret } of this.#ended) secret?.wipe();
    this.#ended.clear();
  }

  /** Nothing that begins from now on gets it. */
  endTerm(): void {
    const term = this.#term;
    this.#term = { secret: undefined, leases: 0 };
    if (term.leases === 0) term.secret?.wipe();
    else this.#ended.add(term);
  }
}
