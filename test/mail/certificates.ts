/** Certificates for test servers: good ones, and each kind of bad one. */
import "reflect-metadata"; // @peculiar/x509 needs it and does not load it itself
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly ca: string;
  issue(names: readonly string[], validity?: Validity): Promise<ServerIdentity>;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const crypto = webcrypto as unknown as Crypto;

export function daysFromNow(from: number, to: number): Validity {
  return { notBefore: new Date(Date.now() + from * DAY_MS), notAfter: new Date(Date.now() + to * DAY_MS) };
}

export async function createAuthority(): Promise<TestAuthority> {
  const { certificate, keys } = await selfSigned("CN=test authority", [
    new x509.BasicConstraintsExtension(true, 0, true),
  ]);
  return {
    ca: certificate.toString("pem"),
    async issue(names, validity = daysFromNow(-1, 2)) {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const issued = await x509.X509CertificateGenerator.create({
        serialNumber: "02",
        subject: "CN=test server",
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity,
        extensions: [alternativeNames(names)],
      });
      return { cert: issued.toString("pem"), key: await exportKey(own.privateKey) };
    },
  };
}

export async function createSelfSigned(names: readonly string[]): Promise<ServerIdentity> {
  const { certificate, keys } = await selfSigned("CN=localhost", [alternativeNames(names)]);
  return { cert: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

async function selfSigned(name: string, extensions: x509.Extension[]) {
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name,
    keys,
    signingAlgorithm: ALGORITHM,
    ...daysFromNow(-1, 2),
    extensions,
  });
  return { certificate, keys };
}

function alternativeNames(names: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(
    names.map((value) => ({ type: /^[0-9.]+$/.test(value) ? ("ip" as const) : ("dns" as const), value })),
  );
}

async function exportKey(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}
