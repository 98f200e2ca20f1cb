/** The passphrase of an age vault: asked for, tried, kept, and lent to the process that encrypts. */
import { isMailkeyError } from "../../errors.ts";
import type { Environment } from "../../platform/paths.ts";
import { openPinentry, type Pinentry, type PinentryOptions } from "../../platform/pinentry.ts";
import type { SecretMemory } from "../../platform/secret-memory.ts";
import { AgeApart, type Direction } from "../../vault/age-apart.ts";
import { readPassphrase, type PassphraseSource } from "../../vault/passphrase.ts";
import type { Cipher } from "../../vault/vault.ts";
import { KeptPassphrase } from "./kept-passphrase.ts";
import type { OpenerPorts } from "./opened-vault.ts";
import { lockedError, lockedReason } from "./locked.ts";
import { canAskIn } from "./session.ts";

export interface PassphrasePorts {
  readonly memory: SecretMemory;
  /** How this program is run. */
  readonly program: readonly string[];
  readonly env: Environment;
  /** Where the person sits. */
  readonly session: () => Environment;
  /** The program that asks. */
  readonly pinentry: () => string;
}

/** Decrypts something with the ciphers that it is handed. @throws ERR_VAULT_LOCKED when the passphrase is wrong */
export type Trial = (cipher: OpenerPorts["passphraseCipher"]) => Promise<void>;

/** A person's time for typing it. The programs that wait have long given up then, too. */
export const QUESTION_SECONDS = 120;
const ROUNDS = 3;

export class VaultPassphrase {
  readonly #ports: PassphrasePorts;
  readonly #kept: KeptPassphrase;
  readonly #apart: AgeApart;

  constructor(ports: PassphrasePorts) {
    this.#ports = ports;
    this.#kept = new KeptPassphrase(ports.memory);
    this.#apart = new AgeApart({ program: ports.program, env: ports.env });
  }

  /**
   * Uses what is kept; where a person would have to type it, because there is nothing or it does not fit any more, it throws ERR_VAULT_LOCKED.
   * What does not fit one credential is kept all the same: the others are still to be stored with it.
   */
  cipher(source: PassphraseSource, description: string): Cipher {
    const cipher = this.#apart.cipher(description, (direction) => this.#from(source, direction));
    if ("file" in source) return cipher;
    const decrypt: Cipher["decrypt"] = async (ciphertext) => {
      try {
        return await cipher.decrypt(ciphertext);
      } catch (error) {
        if (!isWrong(error)) throw error;
        if ("question" in source)
          throw lockedError("needs_person", "the vault's passphrase has changed", { cause: error });
        this.#kept.drop(); // the command may print another one next time
        throw error;
      }
    };
    return { ...cipher, decrypt };
  }

  /** @returns what ends the lease */
  lease(): () => void {
    return this.#kept.lease();
  }

  /** What has no lease gets it no more. */
  endTerm(): void {
    this.#kept.endTerm();
  }

  /** Nobody gets it any more: it belongs to another vault than the one that is active now. */
  forget(): void {
    this.#kept.forget();
  }

  /**
   * Asks through pinentry until `trial` succeeds, three times at most, and keeps it.
   *
   * @param signal takes the question away
   * @throws ERR_VAULT_LOCKED, ERR_VAULT_UNUSABLE, what `trial` throws
   */
  async ask(trial: Trial, signal: AbortSignal): Promise<void> {
    const env = this.#ports.session();
    if (!canAskIn(env)) throw lockedError("needs_passphrase", "the vault's passphrase has to be typed");
    const pinentry = await this.#open({
      program: this.#ports.pinentry(),
      env,
      title: "mailkey",
      description: "mailkey's agent needs the passphrase of the vault in which your sign-ins are kept.",
      prompt: "Passphrase:",
      timeoutSeconds: QUESTION_SECONDS,
      signal,
    });
    try {
      for (let round = 1, problem: string | undefined; ; round++) {
        const typed = await pinentry.ask(problem);
        try {
          return await this.accept(typed, trial);
        } catch (error) {
          if (!isWrong(error) || round === ROUNDS) throw error;
          problem = `That is not the passphrase (${round} of ${ROUNDS})`;
        }
      }
    } finally {
      pinentry.close();
    }
  }

  /** Without a pinentry it is for `mailkey agent unlock` to ask, at its terminal. */
  async #open(options: PinentryOptions): Promise<Pinentry> {
    try {
      return await openPinentry(options);
    } catch (error) {
      if (!isMailkeyError(error) || error.details?.["reason"] !== "no_pinentry") throw error;
      throw lockedError("needs_passphrase", `the vault's passphrase has to be typed, and ${error.message}`);
    }
  }

  /** Keeps it when `trial` succeeds. Overwrites `typed`. @throws what `trial` throws */
  async accept(typed: Uint8Array, trial: Trial): Promise<void> {
    const { term } = this.#kept;
    try {
      await trial((_source, description) => this.#apart.cipher(description, async () => Uint8Array.from(typed)));
      if (term === this.#kept.term) this.#kept.keep(typed);
    } finally {
      typed.fill(0);
    }
  }

  async #from(source: PassphraseSource, direction: Direction): Promise<Uint8Array> {
    const kept = direction === "encrypt" ? this.#kept.copyToStore() : this.#kept.copy();
    if (kept !== undefined) return kept;
    if ("question" in source) throw lockedError("needs_person");
    const { term } = this.#kept;
    const bytes = new TextEncoder().encode((await readPassphrase(source, this.#ports.session())).reveal());
    // A command may have asked somebody: once is enough. A file is there to be read.
    if ("command" in source && term === this.#kept.term) this.#kept.keep(Uint8Array.from(bytes));
    return bytes;
  }
}

function isWrong(error: unknown): boolean {
  return lockedReason(error) === "bad_passphrase";
}
