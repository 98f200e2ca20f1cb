/**
 * Private keys and certificates in PEM, as openssl and the providers' consoles write them. The parsing is the runtime's; its errors are
 * replaced, because what a parser quotes may be the key.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { systemErrorCode } from "../errors.ts";
import type { Secret } from "./secret.ts";

/** JWS algorithms (RFC 7518 3.1) that private keys of mail providers are registered for. */
export type SigningAlgorithm = "RS256" | "PS256" | "ES256" | "ES384";

/** Bytes that no key, certificate chain or service account's file comes near. */
export const MAX_KEY_FILE_BYTES = 64 * 1024;
/** NIST SP 800-131A; Web Crypto's users refuse shorter ones as well. */
const MIN_RSA_BITS = 2048;

export type KeyReading =
  | { readonly kind: "key"; readonly key: KeyObject }
  /** There is no private key in it, or of a kind that nobody knows. */
  | { readonly kind: "unreadable" }
  /** It is encrypted, and no passphrase was given. */
  | { readonly kind: "encrypted" }
  | { readonly kind: "wrong-passphrase" }
  /** It is encrypted in a way that this runtime does not know: scrypt, to the executable's. */
  | { readonly kind: "unknown-encryption" };

export function readPrivateKeyPem(pem: string, passphrase?: Secret): KeyReading {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return { kind: "unreadable" };
  const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (isEncrypted && passphrase === undefined) return { kind: "encrypted" };
  try {
    const secret = isEncrypted ? { passphrase: passphrase?.reveal() ?? "" } : {};
    return { kind: "key", key: createPrivateKey({ key: pem, format: "pem", ...secret }) };
  } catch (error) {
    const code = isEncrypted ? (systemErrorCode(error) ?? "") : "";
    if (code.includes("UNSUPPORTED_")) return { kind: "unknown-encryption" };
    // A padding that happens to fit makes a wrong passphrase look like a damaged key: any other word of OpenSSL's will do.
    return { kind: code.startsWith("ERR_OSSL") ? "wrong-passphrase" : "unreadable" };
  }
}

/** What the key can sign with, the commonest first; none for short and unusual keys. */
export function algorithmsOf(key: KeyObject): readonly SigningAlgorithm[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength >= MIN_RSA_BITS) return ["RS256", "PS256"];
  if (key.asymmetricKeyType !== "ec") return [];
  return namedCurve === "prime256v1" ? ["ES256"] : namedCurve === "secp384r1" ? ["ES384"] : [];
}

/** `an RSA key of 1024 bits`, for messages. */
export function keyName(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return `an RSA key of ${modulusLength ?? "unknown"} bits`;
  return key.asymmetricKeyType === "ec" ? `an EC key (${namedCurve ?? "unknown curve"})` : "an unusual key";
}

const IMPORT_PARAMETERS: Readonly<Record<SigningAlgorithm, RsaHashedImportParams | EcKeyImportParams>> = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  ES384: { name: "ECDSA", namedCurve: "P-384" },
};

/** The key as Web Crypto's, for one algorithm. It can sign, and cannot be taken out again. */
export function importSigningKey(key: KeyObject, algorithm: SigningAlgorithm): Promise<CryptoKey> {
  const der = new Uint8Array(key.export({ type: "pkcs8", format: "der" }));
  return crypto.subtle.importKey("pkcs8", der, IMPORT_PARAMETERS[algorithm], false, ["sign"]);
}

/** The first certificate of a PEM file, or undefined when there is none. */
export function readCertificatePem(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem.slice(Math.max(0, pem.indexOf("-----BEGIN CERTIFICATE-----"))));
  } catch {
    return undefined;
  }
}
