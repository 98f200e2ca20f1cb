import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/platform/process.ts";
import { Secret } from "../../src/platform/secret.ts";
import { createGpgKey, listSecretKeys, resolveRecipient } from "../../src/vault/gpg-keys.ts";
import { gpgCipher, gpgProgram } from "../../src/vault/gpg.ts";
import {
  cleanEnv,
  configureAgent,
  CREDENTIAL,
  failureOf,
  gnupgHome,
  maySkip,
  shortFolder,
  writeExecutable,
} from "./support.ts";

const PASSPHRASE = new Secret("correct horse battery staple");

/** A pinentry that notes its options and answers every question in one way. */
const pinentry = (answer: string, log: string) => `#!/bin/sh
echo "OK Pleased to meet you"
while read -r command rest; do
  case $command in
    OPTION) echo "$rest" >> '${log}'; echo OK ;;
    GETPIN) ${answer} ;;
    BYE) echo OK; exit ;;
    *) echo OK ;;
  esac
done
`;

const reasonOf = async (task: Promise<unknown>) => {
  const error = await failureOf(task);
  expect(error.hint).toBeString();
  expect(error.message).not.toContain(PASSPHRASE.reveal());
  return [error.code, error.details?.["reason"]];
};

describe.skipIf(maySkip("gpg", "gpgconf"))("the gpg vault", () => {
  const folder = shortFolder();
  const gnupg = gnupgHome(folder.path);
  const env = cleanEnv(folder.path);
  const gpg = gpgProgram(env);
  /** Keys made once: making them is what takes time. */
  let locked = "";
  let open = "";

  beforeAll(async () => {
    locked = (await createGpgKey(gpg, PASSPHRASE)).fingerprint;
    open = (await createGpgKey(gpg, undefined)).fingerprint;
  });
  afterAll(async () => {
    await gnupg.dispose();
    folder.dispose();
  });

  const sealed = (recipient = locked) => gpgCipher({ gpg, recipient }).encrypt(CREDENTIAL);
  const withPassphrase = (passphrase: Secret) =>
    gpgCipher({ gpg, recipient: locked, passphrase: () => Promise.resolve(passphrase) });

  const decryptPlainly = async () => gpgCipher({ gpg, recipient: locked }).decrypt(await sealed());
  const asking = (answer: string) =>
    configureAgent(
      gnupg.path,
      `pinentry-program ${writeExecutable(join(folder.path, "pin"), pinentry(answer, join(folder.path, "pin.log")))}\n`,
    );

  test("gives back what it encrypted, with a key without passphrase", async () => {
    const cipher = gpgCipher({ gpg, recipient: open });
    const ciphertext = await cipher.encrypt(CREDENTIAL);
    expect(Buffer.from(ciphertext).includes("refreshToken")).toBeFalse();
    expect(await cipher.decrypt(ciphertext)).toEqual(CREDENTIAL);
  });

  test("decrypts with a passphrase that travels through descriptor 3", async () => {
    await configureAgent(gnupg.path, "");
    expect(await withPassphrase(PASSPHRASE).decrypt(await sealed())).toEqual(CREDENTIAL);
  });

  test("shows neither passphrase nor plaintext in arguments and environment", async () => {
    const log = join(folder.path, "argv.log");
    const spy = writeExecutable(
      join(folder.path, "spy"),
      `#!/bin/sh\n{ printf '%s\\n' "$@"; env; } >> '${log}'\nexec gpg "$@"\n`,
    );
    const cipher = gpgCipher({
      gpg: gpgProgram(env, spy),
      recipient: locked,
      passphrase: () => Promise.resolve(PASSPHRASE),
    });
    await configureAgent(gnupg.path, "");
    expect(await cipher.decrypt(await cipher.encrypt(CREDENTIAL))).toEqual(CREDENTIAL);
    const seen = readFileSync(log, "utf8");
    expect(seen).toContain("--passphrase-fd");
    expect(seen).not.toContain(PASSPHRASE.reveal());
    expect(seen).not.toContain("refresh");
  });

  test("makes an ed25519 key with a cv25519 subkey that never expires", async () => {
    const { stdout } = await run("gpg", ["--with-colons", "--list-secret-keys", locked], { env });
    const [sec, ssb] = ["sec", "ssb"].map((type) =>
      new TextDecoder()
        .decode(stdout)
        .split("\n")
        .find((line) => line.startsWith(type))
        ?.split(":"),
    );
    expect([sec?.[16], ssb?.[16]]).toEqual(["ed25519", "cv25519"]);
    expect([sec?.[6], ssb?.[6]]).toEqual(["", ""]);
    expect((await listSecretKeys(gpg, locked))[0]?.userId).toMatch(/^mailkey vault \(.+@.+\)$/);
  });

  test("writes no parameter file with the passphrase anywhere in GNUPGHOME", async () => {
    const { stdout } = await run("grep", ["-rl", PASSPHRASE.reveal(), gnupg.path]);
    expect(new TextDecoder().decode(stdout)).toBe("");
  });

  describe("tells its failures apart:", () => {
    beforeEach(() => configureAgent(gnupg.path, ""));

    test("a wrong passphrase", async () => {
      expect(await reasonOf(withPassphrase(new Secret("wrong")).decrypt(await sealed()))).toEqual([
        "ERR_VAULT_LOCKED",
        "bad_passphrase",
      ]);
    });

    test("a wrong passphrase typed three times", async () => {
      await asking(`echo "D wrong"; echo OK`);
      expect(await reasonOf(decryptPlainly())).toEqual(["ERR_VAULT_LOCKED", "bad_passphrase"]);
    });

    test("no terminal for pinentry", async () => {
      await asking(`echo "ERR 83918950 Inappropriate ioctl for device <Pinentry>"`);
      expect(await reasonOf(decryptPlainly())).toEqual(["ERR_VAULT_LOCKED", "no_terminal"]);
    });

    test("no pinentry", async () => {
      await configureAgent(gnupg.path, "pinentry-program /nonexistent/pinentry\n");
      expect(await reasonOf(decryptPlainly())).toEqual(["ERR_VAULT_UNUSABLE", "no_pinentry"]);
    });

    test("a cancelled prompt", async () => {
      await asking(`echo "ERR 83886179 Operation cancelled <Pinentry>"`);
      expect(await reasonOf(decryptPlainly())).toEqual(["ERR_VAULT_LOCKED", "cancelled"]);
    });

    test("a prompt that nobody answered", async () => {
      await asking(`echo "ERR 83886142 Timeout <Pinentry>"`);
      expect(await reasonOf(decryptPlainly())).toEqual(["ERR_VAULT_LOCKED", "timeout"]);
    });

    test("an agent that forbids loopback", async () => {
      await configureAgent(gnupg.path, "no-allow-loopback-pinentry\n");
      expect(await reasonOf(withPassphrase(PASSPHRASE).decrypt(await sealed()))).toEqual([
        "ERR_VAULT_UNUSABLE",
        "loopback_forbidden",
      ]);
    });

    test("loopback in gpg.conf without a passphrase to answer with", async () => {
      writeFileSync(join(gnupg.path, "gpg.conf"), "pinentry-mode loopback\n");
      try {
        expect(await reasonOf(decryptPlainly())).toEqual(["ERR_VAULT_LOCKED", "loopback_without_source"]);
      } finally {
        rmSync(join(gnupg.path, "gpg.conf"));
      }
    });

    test("an agent that cannot be started", async () => {
      const ciphertext = await sealed();
      await run("gpgconf", ["--homedir", gnupg.path, "--kill", "gpg-agent"]);
      writeFileSync(join(gnupg.path, "gpg.conf"), "agent-program /nonexistent/gpg-agent\n");
      try {
        expect(await reasonOf(gpgCipher({ gpg, recipient: locked }).decrypt(ciphertext))).toEqual([
          "ERR_VAULT_UNUSABLE",
          "no_agent",
        ]);
      } finally {
        rmSync(join(gnupg.path, "gpg.conf"));
      }
    });

    test("a secret key that is gone", async () => {
      const ciphertext = await sealed();
      const keys = join(gnupg.path, "private-keys-v1.d");
      renameSync(keys, `${keys}.away`);
      try {
        await configureAgent(gnupg.path, "");
        expect(await reasonOf(gpgCipher({ gpg, recipient: locked }).decrypt(ciphertext))).toEqual([
          "ERR_VAULT_UNUSABLE",
          "no_secret_key",
        ]);
      } finally {
        rmSync(keys, { recursive: true, force: true });
        renameSync(`${keys}.away`, keys);
      }
    });

    test("gpg that is not installed", async () => {
      const cipher = gpgCipher({ gpg: gpgProgram(env, "/nonexistent/gpg"), recipient: open });
      expect(await reasonOf(cipher.encrypt(CREDENTIAL))).toEqual(["ERR_VAULT_UNUSABLE", "gpg_missing"]);
    });

    test("a recipient that is unknown, without starting dirmngr", async () => {
      for (const recipient of ["nobody@nowhere.example", "D".repeat(40)]) {
        expect(await reasonOf(gpgCipher({ gpg, recipient }).encrypt(CREDENTIAL))).toEqual([
          "ERR_VAULT_UNUSABLE",
          "no_public_key",
        ]);
      }
      expect(existsSync(join(gnupg.path, "S.dirmngr"))).toBeFalse();
    });

    test("a recipient that has expired, and one that is revoked", async () => {
      const quick = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
      const make = (user: string, ...more: string[]) =>
        run("gpg", [...quick, ...more, "--quick-generate-key", user, "future-default", "default"], { env });
      await make("expired@example.com", "--faked-system-time", "20200101T000000", "--default-new-key-algo", "rsa2048");
      await run("gpg", [...quick, "--quick-set-expire", "expired@example.com", "seconds=1"], { env });
      await make("revoked@example.com");
      const [revoked] = await listSecretKeys(gpg, "revoked@example.com");
      const certificate = join(gnupg.path, "openpgp-revocs.d", `${revoked?.fingerprint}.rev`);
      writeFileSync(certificate, readFileSync(certificate, "utf8").replace(":-----BEGIN", "-----BEGIN"));
      await run("gpg", ["--batch", "--import", certificate], { env });
      for (const [user, reason] of [
        ["expired@example.com", "key_expired"],
        ["revoked@example.com", "key_revoked"],
      ] as const) {
        expect(await reasonOf(gpgCipher({ gpg, recipient: user }).encrypt(CREDENTIAL))).toEqual([
          "ERR_VAULT_UNUSABLE",
          reason,
        ]);
        expect((await failureOf(resolveRecipient(gpg, user))).code).toBe("ERR_VAULT_UNUSABLE");
      }
    });

    test("a damaged file, wherever the damage is", async () => {
      const cipher = gpgCipher({ gpg, recipient: open });
      const ciphertext = await cipher.encrypt(CREDENTIAL);
      const cut = [0, 1, 50, ciphertext.length - 5].map((length) => ciphertext.slice(0, length));
      const flipped = [0, 90, 150, ciphertext.length - 1].map((at) => {
        const copy = Uint8Array.from(ciphertext);
        copy[at] = (copy[at] ?? 0) ^ 0x01;
        return copy;
      });
      for (const damaged of [...cut, ...flipped, new TextEncoder().encode("garbage"), CREDENTIAL]) {
        const error = await failureOf(cipher.decrypt(damaged));
        expect(["ERR_VAULT_DAMAGED", "ERR_VAULT_UNUSABLE"]).toContain(error.code);
        expect(error.message).not.toContain("refresh");
      }
      expect((await failureOf(cipher.decrypt(ciphertext.slice(0, -5)))).code).toBe("ERR_VAULT_DAMAGED");
    });
  });

  test.skipIf(maySkip("script"))("tells pinentry which terminal the user sits at", async () => {
    const log = join(folder.path, "tty.log");
    const answer = `echo "D ${PASSPHRASE.reveal()}"; echo OK`;
    const program = writeExecutable(join(folder.path, "pin-tty"), pinentry(answer, log));
    await configureAgent(gnupg.path, `pinentry-program ${program}\n`);
    const file = join(folder.path, "sealed.gpg");
    writeFileSync(file, await sealed());
    const child = `${process.execPath} ${join(import.meta.dir, "decrypt-child.ts")} ${locked} ${file}`;
    const { stdout } = await run("script", ["-qec", child, "/dev/null"], { env });
    expect(new TextDecoder().decode(stdout)).toContain(`decrypted ${CREDENTIAL.length}`);
    expect(readFileSync(log, "utf8")).toMatch(/^ttyname=\/dev\/pts\/[0-9]+$/m);
    await configureAgent(gnupg.path, "");
  });

  describe("finding a recipient", () => {
    test("answers with the fingerprint of the one key that fits", async () => {
      expect((await resolveRecipient(gpg, locked.slice(-16))).fingerprint).toBe(locked);
    });

    test("refuses a query that fits two keys, naming both", async () => {
      const error = await failureOf(resolveRecipient(gpg, "mailkey vault"));
      expect(error.hint).toContain(locked);
      expect(error.hint).toContain(open);
    });

    test("refuses a query without a secret key", async () => {
      expect((await failureOf(resolveRecipient(gpg, "nobody@nowhere.example"))).code).toBe("ERR_VAULT_UNUSABLE");
    });
  });
});
