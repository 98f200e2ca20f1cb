/** A certificate and its key as they lie in two files, or one: read, and checked to belong together. */
import type { KeyObject, X509Certificate } from "node:crypto";
import { MailkeyError } from "../../errors.ts";
import { readPrivateText } from "../../platform/files.ts";
import { MAX_KEY_FILE_BYTES, readCertificatePem, readPrivateKeyPem } from "../../platform/private-key.ts";
import type { Certificate } from "../parts.ts";

export interface LoadedCertificate extends Certificate {
  readonly parsed: X509Certificate;
}

export interface CertificateFiles {
  /** PEM. Programs trust the proxy by it. */
  readonly certificate: string;
  /** PEM; for the owner's eyes only. */
  readonly key: string;
}

/**
 * @param hint what mends them
 * @returns undefined when there is no certificate; it may be over
 * @throws ERR_CONFIG when a file is not what it should be or does not fit the other, ERR_UNTRUSTED_FILE for a key that others can read,
 *   ERR_STORAGE
 */
export function loadPair(files: CertificateFiles, hint: string): LoadedCertificate | undefined {
  const certificate = readPrivateText(files.certificate, "trusted", MAX_KEY_FILE_BYTES);
  if (certificate === undefined) return undefined;
  const parsed = readCertificatePem(certificate);
  if (parsed === undefined) throw new MailkeyError("ERR_CONFIG", `${files.certificate} holds no certificate`, { hint });
  const key = loadKey(files.key, hint);
  if (!parsed.checkPrivateKey(key))
    throw new MailkeyError("ERR_CONFIG", `${files.key} is not the key of ${files.certificate}`, { hint });
  const endsAtMs = Date.parse(parsed.validTo);
  return { file: files.certificate, certificate, key: pemOf(key), endsAtMs, parsed };
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" });
}

function loadKey(file: string, hint: string): KeyObject {
  const pem = readPrivateText(file, "secret", MAX_KEY_FILE_BYTES);
  const reading = pem === undefined ? undefined : readPrivateKeyPem(pem);
  if (reading?.kind === "key") return reading.key;
  const what =
    reading === undefined
      ? "is not there: it is the key of the proxy's certificate"
      : reading.kind === "encrypted"
        ? "is encrypted: the proxy starts without anybody to ask"
        : "holds no private key";
  throw new MailkeyError("ERR_CONFIG", `${file} ${what}`, { hint });
}
