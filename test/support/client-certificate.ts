/** Keys and certificates as administrators make them. */
import "reflect-metadata"; // @peculiar/x509 injects its dependencies through it and does not load it itself
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

export interface ClientCertificate {
  readonly keyFile: string;
  /** The key's PEM, not encrypted. */
  readonly keyPem: string;
  readonly certificateFile: string;
  readonly certificatePem: string;
}

export interface CertificateOptions {
  readonly passphrase?: string;
  /** `rsa` with 2048 bits unless given. */
  readonly kind?: "rsa" | "short-rsa" | "ec";
  /** When it begins and ends; around now unless given. */
  readonly validity?: { readonly notBefore: Date; readonly notAfter: Date };
}

const DAY_MS = 86_400_000;
const ALGORITHMS = {
  rsa: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "short-rsa": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ec: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
} as const;

/** Writes `NAME.key` (0600) and `NAME.pem` into `folder`. */
export async function makeClientCertificate(
  folder: string,
  name: string,
  options: CertificateOptions = {},
): Promise<ClientCertificate> {
  const { passphrase, kind = "rsa" } = options;
  const now = Date.now();
  const validity = options.validity ?? { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 90 * DAY_MS) };
  const keyPem = generate(kind);
  const key = createPrivateKey(keyPem);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=mailkey test",
    signingAlgorithm: ALGORITHMS[kind],
    keys: { privateKey: await imported(key, kind), publicKey: await imported(createPublicKey(keyPem), kind) },
    ...validity,
  });
  const certificatePem = `${certificate.toString("pem")}\n`;
  const secrecy = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const keyFile = join(folder, `${name}.key`);
  const certificateFile = join(folder, `${name}.pem`);
  writeFileSync(keyFile, key.export({ type: "pkcs8", format: "pem", ...secrecy }), { mode: 0o600 });
  writeFileSync(certificateFile, certificatePem);
  return { keyFile, keyPem, certificateFile, certificatePem };
}

function generate(kind: keyof typeof ALGORITHMS): string {
  const { privateKey } =
    kind === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
      : generateKeyPairSync("rsa", { modulusLength: kind === "rsa" ? 2048 : 1024 });
  return privateKey.export({ type: "pkcs8", format: "pem" });
}

function imported(key: KeyObject, kind: keyof typeof ALGORITHMS): Promise<CryptoKey> {
  const crypto = webcrypto as unknown as Crypto; // Node's and the DOM's declarations differ in what does not matter here
  x509.cryptoProvider.set(crypto);
  const isPrivate = key.type === "private";
  const der = isPrivate ? key.export({ type: "pkcs8", format: "der" }) : key.export({ type: "spki", format: "der" });
  return crypto.subtle.importKey(isPrivate ? "pkcs8" : "spki", new Uint8Array(der), ALGORITHMS[kind], true, [
    isPrivate ? "sign" : "verify",
  ]);
}
