/**
 * The age cipher with a passphrase, in a process of its own: this same program, for as long as one credential takes.
 *
 * age makes guessing expensive on purpose: a key costs a second of one core and 256 MiB, during which a thread does nothing
 * else. Another process keeps both away from those who wait for an answer, and takes all that it held with it when it ends. A worker
 * thread would answer as well, but leave its strings, and some 20 MB, in this process.
 *
 * Passphrase and credential travel through pipes. Both functions are here, so that they agree on how.
 */
import { MailkeyError, type ErrorCode } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { run } from "../platform/process.ts";
import { Secret } from "../platform/secret.ts";
import { Turns } from "../platform/turns.ts";
import { agePassphraseCipher } from "./age.ts";
import type { Cipher } from "./vault.ts";

export interface ApartOptions {
  /** How this program is run; the words below follow. */
  readonly program: readonly string[];
  readonly env: Environment;
}

/** The hidden command's name. */
export const APART_COMMAND = "age-passphrase-cipher";
export type Direction = "encrypt" | "decrypt";

/** Many times what it takes: a busy machine, a cost of 2^22. */
const TIMEOUT_MS = 120_000;
/** Of memory there is enough for so many. Storing what a provider has just granted waits for no reading. */
const PLACES: Readonly<Record<Direction, number>> = { encrypt: 2, decrypt: 1 };
const FAILED = 1;

/** Makes ciphers that take turns. */
export class AgeApart {
  readonly #options: ApartOptions;
  readonly #turns = { encrypt: new Turns(PLACES.encrypt), decrypt: new Turns(PLACES.decrypt) };

  constructor(options: ApartOptions) {
    this.#options = options;
  }

  /** @param passphrase asked when it is needed; what it gives is overwritten */
  cipher(description: string, passphrase: (direction: Direction) => Promise<Uint8Array>): Cipher {
    return {
      kind: "age",
      description,
      extension: ".age",
      isSlow: true,
      encrypt: (plaintext) => this.#run("encrypt", passphrase, plaintext),
      decrypt: (ciphertext) => this.#run("decrypt", passphrase, ciphertext),
    };
  }

  #run(
    direction: Direction,
    passphrase: (direction: Direction) => Promise<Uint8Array>,
    data: Uint8Array,
  ): Promise<Uint8Array> {
    return this.#turns[direction].take(async () => {
      const { program, env } = this.#options;
      const [first = "", ...words] = program;
      const input = pack(await passphrase(direction), data);
      try {
        const result = await run(first, [...words, APART_COMMAND, direction], { input, env, timeoutMs: TIMEOUT_MS });
        if (result.status === 0) return result.stdout;
        throw failureIn(result.stdout) ?? new MailkeyError("ERR_PROGRAM", `${first} cannot ${direction} for itself`);
      } finally {
        input.fill(0);
      }
    });
  }
}

/** The other side. @returns what to write to standard output, and the exit status */
export async function runApart(direction: string | undefined, input: Uint8Array): Promise<[Uint8Array, number]> {
  const [passphrase, data] = unpack(input);
  const cipher = agePassphraseCipher({ description: "", passphrase: async () => passphrase });
  try {
    return [await (direction === "encrypt" ? cipher.encrypt(data) : cipher.decrypt(data)), 0];
  } catch (error) {
    if (!(error instanceof MailkeyError)) throw error;
    const { code, message, hint, details } = error;
    return [new TextEncoder().encode(JSON.stringify({ code, message, hint, details })), FAILED];
  }
}

/** The passphrase's length, the passphrase, the data. Overwrites the passphrase. */
function pack(passphrase: Uint8Array, data: Uint8Array): Uint8Array {
  const packed = new Uint8Array(4 + passphrase.length + data.length);
  new DataView(packed.buffer).setUint32(0, passphrase.length);
  packed.set(passphrase, 4);
  packed.set(data, 4 + passphrase.length);
  passphrase.fill(0);
  return packed;
}

function unpack(packed: Uint8Array): [Secret, Uint8Array] {
  if (packed.length < 4) throw new RangeError("no input");
  const end = 4 + new DataView(packed.buffer, packed.byteOffset).getUint32(0);
  return [new Secret(new TextDecoder().decode(packed.subarray(4, end))), packed.subarray(end)];
}

/** What went wrong there, when it said so. */
function failureIn(stdout: Uint8Array): MailkeyError | undefined {
  try {
    const { code, message, hint, details } = JSON.parse(new TextDecoder().decode(stdout)) as Failure;
    return new MailkeyError(code, message, { hint, ...(details === undefined ? {} : { details }) });
  } catch {
    return undefined;
  }
}

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}
