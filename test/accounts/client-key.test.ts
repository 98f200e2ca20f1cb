/** Keys and certificates that do not fit, told apart before anybody is asked, and quoted by nobody. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Account } from "../../src/accounts/account.ts";
import { clientEndsAtMs, readClientKey, type KeyPorts } from "../../src/accounts/client-key.ts";
import { MailkeyError } from "../../src/errors.ts";
import { Secret } from "../../src/platform/secret.ts";
import { google } from "../../src/providers/data/google.ts";
import { microsoft } from "../../src/providers/data/microsoft.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { makeClientCertificate, type CertificateOptions } from "../support/client-certificate.ts";

type KeySettings = NonNullable<Account["client"]["key"]>;

const PASSPHRASE = "öpen sesame";
const DAY_MS = 86_400_000;
let folder: string;
const clock = new FakeClock();
const ports: KeyPorts = { env: {}, clock };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailkey-key-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function made(name: string, options: CertificateOptions = {}): Promise<KeySettings & { keyPem: string }> {
  const validity = { notBefore: new Date(clock.wallMs - DAY_MS), notAfter: new Date(clock.wallMs + 90 * DAY_MS) };
  const { keyFile, certificateFile, keyPem } = await makeClientCertificate(folder, name, { validity, ...options });
  return { file: keyFile, certificate: certificateFile, keyPem };
}

/** Reads it for Microsoft. */
const read = ({ file, certificate, passphrase }: KeySettings, by: KeyPorts = ports) =>
  readClientKey(
    {
      file,
      ...(certificate === undefined ? {} : { certificate }),
      ...(passphrase === undefined ? {} : { passphrase }),
    },
    microsoft,
    by,
  );

async function refusal(reading: Promise<unknown>): Promise<MailkeyError> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MailkeyError)) throw new Error(`expected a MailkeyError, got ${String(error)}`);
  return error;
}

describe("a key", () => {
  test("signs with the algorithm that the provider prefers, and cannot be taken out again", async () => {
    const { key, thumbprint } = await read(await made("plain"));
    expect(key.algorithm.name).toBe("RSA-PSS");
    expect(thumbprint).toMatch(/^[\w-]{43}$/);
    expect(key.extractable).toBe(false);
    expect(Bun.inspect(key)).not.toMatch(/MII|PRIVATE/);
  });

  test("may be one file with its certificate", async () => {
    const { file, certificate = "", keyPem } = await made("both");
    const both = join(folder, "both-in-one.pem");
    writeFileSync(both, (await Bun.file(certificate).text()) + keyPem, { mode: 0o600 });
    expect((await read({ file: both, certificate: both })).thumbprint).toBe(
      (await read({ file, certificate })).thumbprint ?? "",
    );
  });

  test("may be encrypted, with the passphrase from a file, a command or a person", async () => {
    const locked = await made("locked", { passphrase: PASSPHRASE });
    const file = join(folder, "passphrase");
    writeFileSync(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const asked: string[] = [];
    const askPassphrase = (question: string) => {
      asked.push(question);
      return Promise.resolve(new Secret(PASSPHRASE));
    };
    for (const passphrase of [{ file }, { command: `cat '${file}'` }])
      expect((await read({ ...locked, passphrase })).key.type).toBe("private");
    expect((await read(locked, { ...ports, askPassphrase })).key.type).toBe("private");
    expect(asked).toEqual([`Passphrase of ${locked.file}: `]);
  });

  test("that is encrypted and has nobody to ask says what to write where", async () => {
    const error = await refusal(read(await made("nobody", { passphrase: PASSPHRASE })));
    expect([error.code, error.hint]).toEqual(["ERR_CONFIG", expect.stringContaining("--key-passphrase-file FILE")]);
  });

  test("with a wrong passphrase says so without it", async () => {
    const locked = await made("wrong", { passphrase: PASSPHRASE });
    const error = await refusal(read({ ...locked, passphrase: { command: "echo not-the-passphrase" } }));
    expect(error.message).toContain("passphrase");
    expect(error.message).toContain("is wrong");
    expect(Bun.inspect(error)).not.toMatch(/not-the-passphrase|MII/);
  });

  test("that others can read is not read", async () => {
    const open = await made("open");
    chmodSync(open.file, 0o640);
    const error = await refusal(read(open));
    expect([error.code, error.hint]).toEqual(["ERR_UNTRUSTED_FILE", `chmod go= ${open.file}`]);
  });

  test.each([
    ["of too few bits", { kind: "short-rsa" }, "an RSA key of 1024 bits"],
    ["on a curve, at Microsoft", { kind: "ec" }, "an EC key (prime256v1)"],
  ] as const)("%s is refused with what would do", async (name, options, words) => {
    const error = await refusal(read(await made(name.replaceAll(" ", "-"), options)));
    expect(error.message).toContain(words);
    expect(error.hint).toStartWith("openssl req -x509 -newkey rsa:2048");
  });

  test("on a curve is fine where the provider asks for nothing particular, and needs no certificate there", async () => {
    const { file } = await made("curve", { kind: "ec" });
    expect((await readClientKey({ file, id: "k1" }, google, ports)).keyId).toBe("k1");
  });

  test.each([
    ["that is missing", undefined, "is missing"],
    [
      "that is a certificate",
      "-----BEGIN CERTIFICATE-----\nMIIsecretsecret\n-----END CERTIFICATE-----\n",
      "no private key",
    ],
    ["that is damaged", "-----BEGIN PRIVATE KEY-----\nMIIsecretsecret\n-----END PRIVATE KEY-----\n", "no private key"],
    ["that is endless", "x".repeat(65 * 1024), "is too large"],
  ])("%s is told so, and nothing of it is quoted", async (what, content, words) => {
    const { certificate } = await made("other");
    const file = join(folder, `${what.replaceAll(" ", "-")}.key`);
    if (content !== undefined) writeFileSync(file, content, { mode: 0o600 });
    const error = await refusal(read({ file, certificate }));
    expect(error.message).toContain(words);
    expect(Bun.inspect(error)).not.toMatch(/secretsecret|MII/);
  });
});

describe("a certificate", () => {
  test("of another key is told apart", async () => {
    const [{ file }, { certificate }] = [await made("mine"), await made("yours")];
    const error = await refusal(read({ file, certificate }));
    expect(error.message).toBe(`the certificate ${certificate} does not belong to the key ${file}`);
  });

  test("that has ended, or not begun, is not used", async () => {
    const at = (days: number) => new Date(clock.wallMs + days * DAY_MS);
    const ended = await made("ended", { validity: { notBefore: at(-30), notAfter: at(-1) } });
    expect((await refusal(read(ended))).message).toContain("ended on 2026-01-14");
    const future = await made("future", { validity: { notBefore: at(1), notAfter: at(30) } });
    expect((await refusal(read(future))).message).toContain("begins on 2026-01-16: is the clock right?");
  });

  test("that is missing is asked for where the provider finds the key by it", async () => {
    const { file } = await made("without");
    expect((await refusal(read({ file }))).hint).toContain("--certificate FILE");
  });

  test("in DER is not taken for one in PEM", async () => {
    const { file, certificate = "" } = await made("der");
    const pem = await Bun.file(certificate).text();
    writeFileSync(certificate, Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64"));
    expect((await refusal(read({ file, certificate }))).message).toContain("PEM is wanted");
  });

  test("tells when the client comes to its end, unless the account file does", async () => {
    const { file, certificate } = await made("dated");
    const key = { file, ...(certificate === undefined ? {} : { certificate }) };
    expect(clientEndsAtMs({ id: "x", key }, {})).toBe(clock.wallMs + 90 * DAY_MS);
    expect(clientEndsAtMs({ id: "x", key, expires: "2026-02-01" }, {})).toBe(Date.UTC(2026, 1, 1));
    expect(clientEndsAtMs({ id: "x", key: { file, certificate: "/missing" } }, {})).toBeUndefined();
    expect(clientEndsAtMs({ id: "x" }, {})).toBeUndefined();
  });
});

const hasOpenssl = Bun.which("openssl") !== null;
describe.skipIf(!hasOpenssl)("what openssl writes", () => {
  async function written(name: string, ...args: string[]) {
    const { file, certificate = "" } = await made(name);
    const out = join(folder, `${name}-written.key`);
    execFileSync("openssl", [...args, "-in", file, "-out", out], { stdio: "ignore" });
    chmodSync(out, 0o600);
    return read({ file: out, certificate, passphrase: { command: "echo words" } });
  }

  test.each([
    ["pkcs1", ["rsa", "-traditional"]],
    ["pkcs1-aes", ["rsa", "-traditional", "-aes256", "-passout", "pass:words"]],
    ["pkcs8-aes", ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:words"]],
    ["pkcs8-des3", ["pkcs8", "-topk8", "-v2", "des3", "-passout", "pass:words"]],
  ])("is read: %s", async (name, args) => {
    expect((await written(name, ...args)).key.type).toBe("private");
  });

  test("with scrypt is told apart from a wrong passphrase, with the line that makes it readable", async () => {
    const error = await refusal(written("scrypt", "pkcs8", "-topk8", "-scrypt", "-passout", "pass:words"));
    expect(error.message).toContain("in a way that mailkey does not know");
    expect(error.hint).toStartWith("openssl pkey -in ");
  });
});
