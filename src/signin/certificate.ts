/**
 * A certificate for https://localhost, made for one sign-in and forgotten after it: never written to a disk, trusted by nobody.
 * The browser's warning about it is therefore right, and announced.
 */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { makeSelfSigned } from "../platform/self-signed.ts";

export interface LoopbackCertificate {
  /** PEM */
  readonly certificate: string;
  /** PEM, PKCS #8 */
  readonly key: string;
  /** SHA-256, as browsers show it: pairs of hexadecimal digits with colons. */
  readonly fingerprint: string;
}

const HOUR_MS = 60 * 60 * 1000;

/** @param nowMs milliseconds since the Unix epoch */
export async function makeLoopbackCertificate(nowMs: number): Promise<LoopbackCertificate> {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = await makeSelfSigned({
    subject: "CN=localhost,O=mailkey sign-in",
    names: ["localhost", "127.0.0.1", "::1"],
    key,
    fromMs: nowMs - HOUR_MS, // clocks differ, between a virtual machine and its host too
    untilMs: nowMs + 2 * HOUR_MS,
  });
  return {
    certificate,
    key: key.export({ type: "pkcs8", format: "pem" }),
    fingerprint: new X509Certificate(certificate).fingerprint256,
  };
}
