/**
 * Ciphers in the age format: with identities (an identity file, or the key in the OS keyring) or with a passphrase.
 * What they write, `age -d` reads, and the other way round.
 *
 * Where the user has the `age` program and a plain identity file, that program decrypts: it starts in 3 ms, while loading
 * and warming up the `age-encryption` package costs 12. Whatever it does not manage goes to the package, which also says why.
 *
 * @see https://age-encryption.org/v1
 */
import { MailkeyError } from "../errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Environment } from "../platform/paths.ts";
import { run } from "../platform/process.ts";
import { recipientOf } from "./age-identity.ts";
import type { Cipher } from "./vault.ts";

/** Two kinds write age files. Each has its own ending, so that neither takes the other's for its own. */
const EXTENSIONS = { age: ".age", keyring: ".keyring" } as const;
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
/** What age itself refuses to spend on a passphrase: 2^22 is half a minute. */
const MAX_SCRYPT_WORK_FACTOR = 22;

export interface IdentityCipherOptions {
  readonly kind: keyof typeof EXTENSIONS;
  readonly description: string;
  /** At least one; the first is encrypted to, unless `recipient` says otherwise. */
  readonly identities: () => Promise<readonly string[]>;
  /** The file that holds the identities and nothing else: the age program can read it by itself. */
  readonly file?: string;
  /** Where the age program is looked for, and runs. */
  readonly env?: Environment;
  /** Spares encrypting the trip to the private key. */
  readonly recipient?: string;
  /** Named in errors. */
  readonly where: string;
}

export function ageIdentityCipher(options: IdentityCipherOptions): Cipher {
  return {
    kind: options.kind,
    description: options.description,
    extension: EXTENSIONS[options.kind],
    async encrypt(plaintext) {
      const { Encrypter } = await import("age-encryption");
      const recipient = options.recipient ?? (await recipientOf(first(await options.identities()), options.where));
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      return encrypter.encrypt(plaintext);
    },
    async decrypt(ciphertext) {
      const identities = await options.identities(); // checks owner and mode of the file, whoever decrypts
      const plaintext =
        options.file === undefined ? undefined : await decryptWithProgram(options.file, ciphertext, options.env);
      if (plaintext !== undefined) return plaintext;
      const { Decrypter } = await import("age-encryption");
      const decrypter = new Decrypter();
      for (const identity of identities) {
        try {
          decrypter.addIdentity(identity);
        } catch {
          throw new MailkeyError(
            "ERR_VAULT_UNUSABLE",
            `an identity in ${options.where} is damaged: its checksum is wrong`,
          );
        }
      }
      const file = await parseFile(ciphertext);
      if (file.passphrase) throw otherVault("it was encrypted with a passphrase");
      try {
        return await decrypter.decrypt(file.bytes);
      } catch (cause) {
        if (isNoMatch(cause)) throw otherVault(`none of the identities in ${options.where} fits`);
        throw damaged(cause);
      }
    },
  };
}

/** A local program on a small file. When it waits for something, it is not what it should be. */
const PROGRAM_TIMEOUT_MS = 5000;

/** @returns undefined when there is no such program, or it does not succeed */
async function decryptWithProgram(
  file: string,
  ciphertext: Uint8Array,
  env: Environment | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const { status, stdout } = await run("age", ["--decrypt", "--identity", file], {
      input: ciphertext,
      timeoutMs: PROGRAM_TIMEOUT_MS,
      ...(env === undefined ? {} : { env }),
    });
    return status === 0 ? stdout : undefined;
  } catch {
    return undefined;
  }
}

export interface PassphraseCipherOptions {
  readonly description: string;
  readonly passphrase: () => Promise<Secret>;
  /** Base-2 logarithm of scrypt's cost; 18 by default, about a second, as age does. */
  readonly workFactor?: number;
}

export function agePassphraseCipher(options: PassphraseCipherOptions): Cipher {
  return {
    kind: "age",
    description: options.description,
    extension: EXTENSIONS.age,
    isSlow: true,
    async encrypt(plaintext) {
      const { Encrypter } = await import("age-encryption");
      const encrypter = new Encrypter();
      encrypter.setPassphrase((await options.passphrase()).reveal());
      if (options.workFactor !== undefined) encrypter.setScryptWorkFactor(options.workFactor);
      return encrypter.encrypt(plaintext);
    },
    async decrypt(ciphertext) {
      const file = await parseFile(ciphertext);
      if (!file.passphrase) throw otherVault("it was encrypted to an identity, not with a passphrase");
      const { Decrypter } = await import("age-encryption");
      const decrypter = new Decrypter();
      decrypter.addPassphrase((await options.passphrase()).reveal());
      try {
        return await decrypter.decrypt(file.bytes);
      } catch (cause) {
        if (isNoMatch(cause)) throw wrongPassphrase(cause);
        throw damaged(cause);
      }
    },
  };
}

function first(identities: readonly string[]): string {
  const [identity] = identities;
  if (identity === undefined) throw new RangeError("no identity");
  return identity;
}

/** Takes the armor off, and tells passphrase files from those to identities. */
async function parseFile(ciphertext: Uint8Array): Promise<{ bytes: Uint8Array; passphrase: boolean }> {
  let bytes = ciphertext;
  const start = latin1(ciphertext.subarray(0, 64)).trimStart();
  if (start.startsWith(ARMOR)) {
    const { armor } = await import("age-encryption");
    try {
      bytes = armor.decode(latin1(ciphertext));
    } catch (cause) {
      throw damaged(cause);
    }
  }
  const header = latin1(bytes.subarray(0, 256));
  if (!header.startsWith("age-encryption.org/v1\n")) throw damaged(undefined);
  const scrypt = /^age-encryption\.org\/v1\n-> scrypt [A-Za-z0-9+/]+ ([0-9]+)\n/.exec(header);
  if (scrypt !== null && Number(scrypt[1]) > MAX_SCRYPT_WORK_FACTOR) throw damaged(undefined);
  return { bytes, passphrase: scrypt !== null };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The package has no error classes; its message is the only sign, and a test holds it to it. */
function isNoMatch(error: unknown): boolean {
  return error instanceof Error && error.message === "no identity matched any of the file's recipients";
}

function otherVault(reason: string): MailkeyError {
  return new MailkeyError("ERR_VAULT_UNUSABLE", `the stored credential cannot be decrypted: ${reason}`, {
    hint: "mailkey vault",
  });
}

function wrongPassphrase(cause: unknown): MailkeyError {
  return new MailkeyError("ERR_VAULT_LOCKED", "the age passphrase is wrong", {
    cause,
    details: { reason: "bad_passphrase" },
  });
}

function damaged(cause: unknown): MailkeyError {
  return new MailkeyError("ERR_VAULT_DAMAGED", "the stored credential is damaged", {
    cause,
    hint: "restore it from a backup, or sign in again: mailkey login ADDRESS",
  });
}
