/**
 * Passwords as they are kept: scrypt (RFC 7914).
 *
 * All passwords of a file share one salt, drawn at random for it. So a login costs one derivation however many devices its user has, and as
 * much for a user who does not exist; time tells nobody who does. A salt for each would keep apart equal passwords, and those that mailkey
 * makes are never equal.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../platform/secret.ts";
import { canonicalPassword } from "./made.ts";

export interface ScryptParameters {
  /** Base64. */
  readonly salt: string;
  /** CPU and memory: a power of two. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and a tenth of a second of one core. */
const STRENGTH = { n: 2 ** 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
export const HASH_BYTES = 32;

export function newParameters(): ScryptParameters {
  return { salt: randomBytes(SALT_BYTES).toString("base64"), ...STRENGTH };
}

/** In a thread of the runtime's: the event loop goes on. */
export function hashPassword(password: Secret, { salt, n, r, p }: ScryptParameters): Promise<Buffer> {
  // Twice what RFC 7914 needs: OpenSSL counts its own overhead, too.
  const options = { N: n, r, p, maxmem: 2 * 128 * n * r };
  return new Promise((resolve, reject) => {
    scrypt(canonicalPassword(password).reveal(), Buffer.from(salt, "base64"), HASH_BYTES, options, (error, hash) => {
      if (error instanceof Error) reject(error);
      else resolve(hash); // the error is null in Node and undefined in Bun
    });
  });
}

/** @param kept base64 */
export function isHash(hash: Buffer, kept: string): boolean {
  const bytes = Buffer.from(kept, "base64");
  return bytes.length === hash.length && timingSafeEqual(bytes, hash);
}
