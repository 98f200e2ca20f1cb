/**
 * Fernet tokens: AES-128-CBC under an HMAC-SHA-256.
 *
 * @see https://github.com/fernet/spec/blob/master/Spec.md
 */
import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";

const VERSION = 0x80;
const KEY_BYTES = 32;
const TIMESTAMP_BYTES = 8;
const IV_BYTES = 16;
const HMAC_BYTES = 32;
const HEADER_BYTES = 1 + TIMESTAMP_BYTES + IV_BYTES;

/**
 * The message. How old it is does not matter.
 *
 * @param token base64url, as it is written
 * @param key 32 bytes
 * @returns undefined for another key, and for what is no token
 */
export function decryptFernet(token: string, key: Uint8Array): Uint8Array | undefined {
  if (key.length !== KEY_BYTES) throw new RangeError("a Fernet key has 32 bytes");
  const bytes = Buffer.from(token, "base64url");
  const signed = bytes.subarray(0, -HMAC_BYTES);
  if (signed.length < HEADER_BYTES || signed[0] !== VERSION) return undefined;
  const hmac = createHmac("sha256", key.subarray(0, KEY_BYTES / 2))
    .update(signed)
    .digest();
  if (!timingSafeEqual(hmac, bytes.subarray(-HMAC_BYTES))) return undefined;
  const iv = signed.subarray(1 + TIMESTAMP_BYTES, HEADER_BYTES);
  const decipher = createDecipheriv("aes-128-cbc", key.subarray(KEY_BYTES / 2), iv);
  try {
    return Buffer.concat([decipher.update(signed.subarray(HEADER_BYTES)), decipher.final()]);
  } catch {
    return undefined; // signed with the right key, and yet not padded as it must be
  }
}
