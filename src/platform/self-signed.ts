/** Certificates that vouch for themselves and for nothing else: no authority, so nobody who gets their key can make others. */
import "reflect-metadata"; // the X.509 library wants it, and wants it first
import { createPublicKey, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface SelfSigned {
  /** As in a distinguished name: `CN=localhost,O=mailkey`. */
  readonly subject: string;
  /** Host names, in ASCII, and IP addresses. */
  readonly names: readonly string[];
  /** EC P-256. */
  readonly key: KeyObject;
  /** Milliseconds since the Unix epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
}

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;

/** @returns PEM, of a certificate for a server */
export async function makeSelfSigned({ subject, names, key, fromMs, untilMs }: SelfSigned): Promise<string> {
  cryptoProvider.set(crypto);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys: {
      privateKey: await crypto.subtle.importKey(
        "pkcs8",
        new Uint8Array(key.export({ type: "pkcs8", format: "der" })),
        KEY,
        true,
        ["sign"],
      ),
      publicKey: await crypto.subtle.importKey(
        "spki",
        new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" })),
        KEY,
        true,
        ["verify"],
      ),
    },
    signingAlgorithm: { ...KEY, hash: "SHA-256" },
    notBefore: new Date(fromMs),
    notAfter: new Date(untilMs),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
      ),
    ],
  });
  return `${certificate.toString("pem").trimEnd()}\n`;
}
