/**
 * A certificate for https://localhost, made for one sign-in and forgotten after it: never written to a disk, trusted by nobody.
 * The browser's warning about it is therefore right, and announced.
 */
import "reflect-metadata"; // the X.509 library wants it, and wants it first
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

export interface LoopbackCertificate {
  /** PEM */
  readonly certificate: string;
  /** PEM, PKCS #8 */
  readonly key: string;
  /** SHA-256, as browsers show it: pairs of hexadecimal digits with colons. */
  readonly fingerprint: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const HOUR_MS = 60 * 60 * 1000;

/** @param nowMs milliseconds since the Unix epoch */
export async function makeLoopbackCertificate(nowMs: number): Promise<LoopbackCertificate> {
  cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost,O=mailkey sign-in",
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs - HOUR_MS), // clocks differ, between a virtual machine and its host too
    notAfter: new Date(nowMs + 2 * HOUR_MS),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const digest = Buffer.from(await certificate.getThumbprint("SHA-256"))
    .toString("hex")
    .toUpperCase();
  return {
    certificate: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    fingerprint: digest.replace(/..(?=.)/g, "$&:"),
  };
}
