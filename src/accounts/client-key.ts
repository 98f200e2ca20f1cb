/**
 * The key and certificate that a confidential client signs with, read where they lie and checked before anybody is asked: a key that does
 * not fit would be refused with words that help nobody. No error quotes the key, or a parser that has seen it.
 */
import type { KeyObject, X509Certificate } from "node:crypto";
import { MailkeyError } from "../errors.ts";
import type { ClientKey } from "../oauth/client-assertion.ts";
import type { Clock } from "../platform/clock.ts";
import { readPrivateText } from "../platform/files.ts";
import { expandHome, type Environment } from "../platform/paths.ts";
import {
  algorithmsOf,
  importSigningKey,
  keyName,
  MAX_KEY_FILE_BYTES,
  readCertificatePem,
  readPrivateKeyPem,
  type SigningAlgorithm,
} from "../platform/private-key.ts";
import type { Secret } from "../platform/secret.ts";
import { shellLine } from "../platform/shell.ts";
import type { OAuthProvider } from "../providers/provider.ts";
import type { Account } from "./account.ts";
import { readSecretLine } from "./secret-line.ts";

export interface KeyPorts {
  readonly env: Environment;
  readonly clock: Clock;
  /** Absent when there is nobody to ask. */
  readonly askPassphrase?: (question: string) => Promise<Secret>;
}

type KeySettings = NonNullable<Account["client"]["key"]>;

/** What most servers are set up for, where the provider does not say. */
const USUAL_ALGORITHMS: readonly SigningAlgorithm[] = ["RS256", "ES256", "ES384", "PS256"];
const NEW_KEY = "openssl req -x509 -newkey rsa:2048 -nodes -days 730 -subj /CN=mailkey -keyout key.pem -out cert.pem";

/** @throws ERR_CONFIG naming the file and what is wrong with it, ERR_UNTRUSTED_FILE, ERR_STORAGE */
export async function readClientKey(
  settings: KeySettings,
  { name, clientAssertion }: OAuthProvider,
  ports: KeyPorts,
): Promise<ClientKey> {
  const key = await readKey(settings, ports);
  const certificate = readCertificate(settings, ports.env);
  if (certificate !== undefined) checkCertificate(certificate, key, settings, ports.clock);
  else if (clientAssertion?.certificate === true)
    throw new MailkeyError("ERR_CONFIG", `${name} finds the key by its certificate, and none is given`, {
      hint: 'certificate = "FILE" under [client.key]; mailkey add has --certificate FILE',
    });
  const possible = algorithmsOf(key);
  const algorithm = (clientAssertion?.algorithms ?? USUAL_ALGORITHMS).find((each) => possible.includes(each));
  if (algorithm === undefined)
    throw new MailkeyError("ERR_CONFIG", `${settings.file} holds ${keyName(key)}, which ${name} does not take`, {
      hint: NEW_KEY,
    });
  return {
    key: await importSigningKey(key, algorithm),
    thumbprint: certificate === undefined ? undefined : await thumbprintOf(certificate),
    keyId: settings.id,
    now: () => ports.clock.now().wallMs,
  };
}

/**
 * When secret or key come to their end, in milliseconds since the Unix epoch: what the account file says, or else the certificate.
 * Undefined when neither does, or the certificate cannot be read: using it will say why.
 */
export function clientEndsAtMs({ key, expires }: Account["client"], env: Environment): number | undefined {
  if (expires !== undefined) return Date.parse(expires);
  try {
    const certificate = key === undefined ? undefined : readCertificate(key, env);
    return certificate === undefined ? undefined : Date.parse(certificate.validTo);
  } catch {
    return undefined;
  }
}

async function readKey(settings: KeySettings, ports: KeyPorts): Promise<KeyObject> {
  const { file } = settings;
  const pem = readPrivateText(expandHome(file, ports.env), "secret", MAX_KEY_FILE_BYTES);
  if (pem === undefined) throw new MailkeyError("ERR_CONFIG", `the client's key is missing: ${file}`);
  let reading = readPrivateKeyPem(pem);
  if (reading.kind === "encrypted") reading = readPrivateKeyPem(pem, await passphraseOf(settings, ports));
  if (reading.kind === "key") return reading.key;
  if (reading.kind === "unknown-encryption")
    throw new MailkeyError("ERR_CONFIG", `${file} is encrypted in a way that mailkey does not know`, {
      hint: shellLine(["openssl", "pkey", "-in", file, "-aes256", "-out", `${file}.new`]),
    });
  if (reading.kind === "wrong-passphrase")
    throw new MailkeyError("ERR_CONFIG", `the passphrase of ${file} is wrong, or the key in it is damaged`, {
      hint: `${shellLine(["openssl", "pkey", "-in", file, "-noout"])} asks for the passphrase and says whether it fits`,
    });
  throw new MailkeyError("ERR_CONFIG", `there is no private key in ${file} that can be read`, { hint: NEW_KEY });
}

async function passphraseOf({ file, passphrase }: KeySettings, { env, askPassphrase }: KeyPorts): Promise<Secret> {
  if (passphrase !== undefined) return readSecretLine(passphrase, `the passphrase of ${file}`, env);
  if (askPassphrase !== undefined) return askPassphrase(`Passphrase of ${file}: `);
  throw new MailkeyError("ERR_CONFIG", `${file} is encrypted, and nothing says where its passphrase is`, {
    hint: 'passphrase = { file = "FILE" } under [client.key]; mailkey add has --key-passphrase-file FILE',
  });
}

function readCertificate({ certificate: file }: KeySettings, env: Environment): X509Certificate | undefined {
  if (file === undefined) return undefined;
  const pem = readPrivateText(expandHome(file, env), "trusted", MAX_KEY_FILE_BYTES);
  if (pem === undefined) throw new MailkeyError("ERR_CONFIG", `the client's certificate is missing: ${file}`);
  const certificate = readCertificatePem(pem);
  if (certificate !== undefined) return certificate;
  throw new MailkeyError("ERR_CONFIG", `there is no certificate in ${file} that can be read (PEM is wanted)`, {
    hint: `${shellLine(["openssl", "x509", "-inform", "der", "-in", file, "-out", "cert.pem"])}, if it is DER`,
  });
}

/** @throws ERR_CONFIG */
function checkCertificate(certificate: X509Certificate, key: KeyObject, settings: KeySettings, clock: Clock): void {
  const { file, certificate: name = "" } = settings;
  if (!certificate.checkPrivateKey(key))
    throw new MailkeyError("ERR_CONFIG", `the certificate ${name} does not belong to the key ${file}`, {
      hint: `${shellLine(["openssl", "x509", "-in", name, "-noout", "-pubkey"])} and ${shellLine(["openssl", "pkey", "-in", file, "-pubout"])} print the same when it does`,
    });
  const now = clock.now().wallMs;
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (now > to)
    throw new MailkeyError("ERR_CONFIG", `the certificate ${name} ended on ${isoDate(to)}`, {
      hint: `${NEW_KEY}; then upload the new cert.pem at the provider`,
      details: { expired: isoDate(to) },
    });
  if (now < from)
    throw new MailkeyError("ERR_CONFIG", `the certificate ${name} begins on ${isoDate(from)}: is the clock right?`, {
      hint: "date",
    });
}

/** @see RFC 7515 4.1.8 */
async function thumbprintOf({ raw }: X509Certificate): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(raw))).toString("base64url");
}

function isoDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
