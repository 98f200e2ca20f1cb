/**
 * The quick way to read an age file: one X25519 stanza, one chunk, which is what mailkey writes. `mailkey token` comes
 * through here every time; the whole `age-encryption` package costs it some 10 ms more, most of it for loading algorithms
 * that are not used.
 *
 * It only ever answers "here is the plaintext" or "not for me": whatever is not exactly that form, or does not
 * authenticate, goes to the package, which decides what is wrong. The primitives are the runtime's own and noble's; only the
 * format is here.
 *
 * @see https://age-encryption.org/v1
 */
import { createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, timingSafeEqual } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { bech32 } from "@scure/base";

/** One recipient stanza with its body, then the MAC; base64 without padding. */
const HEADER =
  /^(age-encryption\.org\/v1\n-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n---) ([A-Za-z0-9+/]{43})\n/;
/** No header of that form is longer. */
const MAX_HEADER_BYTES = 200;
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
/** Chunk counter 0, and the flag of the last chunk. */
const ONLY_CHUNK_NONCE = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const WRAP_NONCE = new Uint8Array(12);
/** The fixed start of a PKCS #8 X25519 private key and of an SPKI public key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/**
 * @param identity `AGE-SECRET-KEY-1…`
 * @returns the plaintext, or undefined when the file has another form, another key, or is damaged
 */
export function readX25519File(file: Uint8Array, identity: string): Uint8Array | undefined {
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, MAX_HEADER_BYTES));
  const header = HEADER.exec(start.toString("latin1"));
  const [whole, authenticated, share, body, mac] = header ?? [];
  if (!whole || !authenticated || !share || !body || !mac) return undefined;
  try {
    const fileKey = unwrapFileKey(decode32(share), decode32(body), identity);
    const macKey = derive(fileKey, Buffer.alloc(0), "header");
    const expected = createHmac("sha256", macKey).update(authenticated, "latin1").digest();
    if (!timingSafeEqual(expected, decode32(mac))) return undefined;
    const nonce = file.subarray(whole.length, whole.length + NONCE_BYTES);
    const payload = file.subarray(whole.length + NONCE_BYTES);
    if (nonce.length !== NONCE_BYTES || payload.length > CHUNK_BYTES + TAG_BYTES) return undefined;
    return chacha20poly1305(derive(fileKey, nonce, "payload"), ONLY_CHUNK_NONCE).decrypt(payload);
  } catch {
    return undefined; // the package tries too, and names the failure
  }
}

function unwrapFileKey(share: Buffer, body: Buffer, identity: string): Uint8Array {
  const scalar = bech32.decodeToBytes(identity);
  if (scalar.prefix !== "age-secret-key-" || scalar.bytes.length !== 32) throw new TypeError("not an X25519 identity");
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, scalar.bytes]),
    format: "der",
    type: "pkcs8",
  });
  const own = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, share]), format: "der", type: "spki" });
  const shared = diffieHellman({ privateKey, publicKey });
  if (shared.every((byte) => byte === 0)) throw new RangeError("low order point");
  const wrapKey = derive(shared, Buffer.concat([share, own]), "age-encryption.org/v1/X25519");
  const fileKey = chacha20poly1305(wrapKey, WRAP_NONCE).decrypt(body);
  if (fileKey.length !== 16) throw new RangeError("file key has another length");
  return fileKey;
}

function derive(key: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, salt, info, 32));
}

/** Base64 without padding, in its one canonical form. */
function decode32(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 32 || bytes.toString("base64") !== `${text}=`) throw new RangeError("not canonical base64");
  return bytes;
}
