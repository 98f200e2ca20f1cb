import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  armor,
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from "age-encryption";
import * as fc from "fast-check";
import { run } from "../../src/platform/process.ts";
import { Secret } from "../../src/platform/secret.ts";
import { ensureIdentityFile, parseIdentities, readIdentityFile } from "../../src/vault/age-identity.ts";
import { ageIdentityCipher, agePassphraseCipher } from "../../src/vault/age.ts";
import { CREDENTIAL, failureOf, maySkip, shortFolder, writeSecretFile } from "./support.ts";

/** scrypt at 2^10 takes a millisecond instead of a second. */
const QUICK = 10;

const passphraseCipher = (text: string) =>
  agePassphraseCipher({ description: "", passphrase: () => Promise.resolve(new Secret(text)), workFactor: QUICK });

const withPackage = async (to: string, plaintext: Uint8Array) => {
  const encrypter = new Encrypter();
  encrypter.addRecipient(to);
  return encrypter.encrypt(plaintext);
};

describe("the age vault", () => {
  const folder = shortFolder();
  const keyFile = join(folder.path, "key.txt");
  let identity = "";
  let recipient = "";

  beforeAll(async () => {
    ({ recipient } = await ensureIdentityFile(keyFile, new Date(0)));
    [identity = ""] = readIdentityFile(keyFile);
  });
  afterAll(() => folder.dispose());

  const cipherOf = (...identities: string[]) =>
    ageIdentityCipher({ kind: "age", description: "", identities: () => Promise.resolve(identities), where: keyFile });

  test("gives back what it encrypted to an identity", async () => {
    const ciphertext = await cipherOf(identity).encrypt(CREDENTIAL);
    expect(Buffer.from(ciphertext).includes("refreshToken")).toBeFalse();
    expect(await cipherOf(identity).decrypt(ciphertext)).toEqual(CREDENTIAL);
  });

  test("gives back any content", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (plaintext) => {
        expect(await cipherOf(identity).decrypt(await withPackage(recipient, plaintext))).toEqual(plaintext);
      }),
      { numRuns: 30 },
    );
  });

  test("refuses a file that was changed anywhere", async () => {
    const ciphertext = await withPackage(recipient, CREDENTIAL);
    const at = fc.nat(ciphertext.length - 1);
    const change = fc.oneof(
      fc.tuple(at, fc.integer({ min: 1, max: 255 })).map(([index, bits]) => {
        const copy = Uint8Array.from(ciphertext);
        copy[index] = (copy[index] ?? 0) ^ bits;
        return copy;
      }),
      at.map((length) => ciphertext.slice(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more) => Uint8Array.from([...ciphertext, ...more])),
      fc.tuple(at, at).map(([from, to]) => Uint8Array.from([...ciphertext.slice(0, from), ...ciphertext.slice(to)])),
    );
    await fc.assert(
      fc.asyncProperty(change, async (damaged) => {
        if (Buffer.compare(damaged, ciphertext) === 0) return;
        const error = await failureOf(cipherOf(identity).decrypt(damaged));
        expect(["ERR_VAULT_DAMAGED", "ERR_VAULT_UNUSABLE"]).toContain(error.code);
      }),
      { numRuns: 150 },
    );
  });

  test("does not read another identity's file, and says that the key is the wrong one", async () => {
    const other = await generateX25519Identity();
    const ciphertext = await cipherOf(other).encrypt(CREDENTIAL);
    const error = await failureOf(cipherOf(identity).decrypt(ciphertext));
    expect([error.code, error.message]).toEqual([
      "ERR_VAULT_UNUSABLE",
      `the stored credential cannot be decrypted: none of the identities in ${keyFile} fits`,
    ]);
  });

  test("reads with any of several identities and writes to the first", async () => {
    const newer = await generateX25519Identity();
    expect(await cipherOf(newer, identity).decrypt(await cipherOf(identity).encrypt(CREDENTIAL))).toEqual(CREDENTIAL);
    expect(await cipherOf(newer).decrypt(await cipherOf(newer, identity).encrypt(CREDENTIAL))).toEqual(CREDENTIAL);
  });

  test("works with a post-quantum identity", async () => {
    const hybrid = await generateHybridIdentity();
    expect(await cipherOf(hybrid).decrypt(await cipherOf(hybrid).encrypt(CREDENTIAL))).toEqual(CREDENTIAL);
  });

  test("reads armored files and files of more than one chunk", async () => {
    const large = new Uint8Array(100_000).fill(65);
    expect(await cipherOf(identity).decrypt(await withPackage(recipient, large))).toEqual(large);
    const armored = new TextEncoder().encode(armor.encode(await withPackage(recipient, CREDENTIAL)));
    expect(await cipherOf(identity).decrypt(armored)).toEqual(CREDENTIAL);
  });

  test("works with a passphrase, and calls the vault locked when it is wrong", async () => {
    const ciphertext = await passphraseCipher("right").encrypt(CREDENTIAL);
    expect(await passphraseCipher("right").decrypt(ciphertext)).toEqual(CREDENTIAL);
    const error = await failureOf(passphraseCipher("wrong").decrypt(ciphertext));
    expect(error.code).toBe("ERR_VAULT_LOCKED");
  });

  test("says which sort of file it is when passphrase and identity are mixed up", async () => {
    const sealed = await passphraseCipher("right").encrypt(CREDENTIAL);
    expect((await failureOf(cipherOf(identity).decrypt(sealed))).message).toContain("with a passphrase");
    const toIdentity = await cipherOf(identity).encrypt(CREDENTIAL);
    expect((await failureOf(passphraseCipher("right").decrypt(toIdentity))).message).toContain("to an identity");
  });

  test("refuses a file whose passphrase cost would keep it busy for hours", async () => {
    const bomb = new TextEncoder().encode(
      `age-encryption.org/v1\n-> scrypt ${"A".repeat(22)} 40\n${"A".repeat(43)}\n--- x\n`,
    );
    expect((await failureOf(passphraseCipher("right").decrypt(bomb))).code).toBe("ERR_VAULT_DAMAGED");
  });

  describe.skipIf(maySkip("age", "age-keygen"))("and the age program", () => {
    test("read each other's files", async () => {
      const sealed = await cipherOf(identity).encrypt(CREDENTIAL);
      const theirs = await run("age", ["-d", "-i", keyFile], { input: sealed });
      expect([theirs.stderr, Uint8Array.from(theirs.stdout)]).toEqual(["", CREDENTIAL]);
      const { stdout } = await run("age", ["-e", "-r", recipient], { input: CREDENTIAL });
      expect(await cipherOf(identity).decrypt(stdout)).toEqual(CREDENTIAL);
    });

    test("are asked for the same, and the package when the program fails", async () => {
      const sealed = await cipherOf(identity).encrypt(CREDENTIAL);
      const throughProgram = (file: string) =>
        ageIdentityCipher({ kind: "age", description: "", identities: async () => [identity], where: file, file });
      expect(await throughProgram(keyFile).decrypt(sealed)).toEqual(CREDENTIAL);
      expect(await throughProgram("/nonexistent/key").decrypt(sealed)).toEqual(CREDENTIAL);
      const damaged = sealed.slice(0, -1);
      expect((await failureOf(throughProgram(keyFile).decrypt(damaged))).code).toBe("ERR_VAULT_DAMAGED");
    });

    test("read each other's identity files", async () => {
      const { stdout } = await run("age-keygen", ["-y", keyFile]);
      expect(new TextDecoder().decode(stdout).trim()).toBe(recipient);
      const generated = await run("age-keygen", []);
      const [theirs = ""] = parseIdentities(new TextDecoder().decode(generated.stdout), "age-keygen");
      const ours = new TextDecoder().decode(generated.stdout).match(/age1\w+/)?.[0];
      expect(await identityToRecipient(theirs)).toBe(ours ?? "");
    });
  });
});

describe("an identity file", () => {
  const folder = shortFolder();
  afterAll(() => folder.dispose());

  test("is made with mode 600 and kept when it is there", async () => {
    const path = join(folder.path, "made", "key.txt");
    const first = await ensureIdentityFile(path, new Date("2026-01-15T12:00:00Z"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toStartWith(
      `# created: 2026-01-15T12:00:00Z\n# public key: ${first.recipient}\nAGE-`,
    );
    const second = await ensureIdentityFile(path, new Date());
    expect([first.created, second.created, second.recipient]).toEqual([true, false, first.recipient]);
  });

  test("is refused when others can read it, with the command that mends it", async () => {
    const path = join(folder.path, "loose.txt");
    await ensureIdentityFile(path, new Date());
    chmodSync(path, 0o640);
    const error = await failureOf(Promise.try(() => readIdentityFile(path)));
    expect([error.code, error.hint]).toEqual(["ERR_UNTRUSTED_FILE", `chmod go= ${path}`]);
  });

  test("that is missing, empty or something else is named without quoting it", async () => {
    const path = join(folder.path, "odd.txt");
    expect((await failureOf(Promise.try(() => readIdentityFile(path)))).message).toContain("does not exist");
    const cases: readonly (readonly [string, string])[] = [
      ["# only a comment\n", "holds no age identity"],
      ["hunter2hunter2\n", "line 1: this is no age identity"],
      ["-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n", "an SSH key"],
      ["# a\nAGE-PLUGIN-YUBIKEY-1HUNTER2\n", "line 2: this is an identity of an age plugin"],
      ["-----BEGIN AGE ENCRYPTED FILE-----\nhunter2\n", "encrypted with a passphrase"],
    ];
    for (const [content, message] of cases) {
      writeSecretFile(path, content);
      const error = await failureOf(Promise.try(() => readIdentityFile(path)));
      expect([error.code, error.message]).toEqual(["ERR_VAULT_UNUSABLE", expect.stringContaining(message)]);
      expect(`${error.message}${error.hint}`.toLowerCase()).not.toContain("hunter2");
    }
  });

  test("with a wrong checksum is called damaged without quoting it", async () => {
    const identity = await generateX25519Identity();
    const broken = identity.slice(0, -1) + (identity.endsWith("Q") ? "P" : "Q");
    const cipher = ageIdentityCipher({ kind: "age", description: "", identities: async () => [broken], where: "FILE" });
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    const sealed = await encrypter.encrypt(CREDENTIAL);
    for (const task of [cipher.encrypt(CREDENTIAL), cipher.decrypt(sealed)]) {
      const error = await failureOf(task);
      expect(error.message).toContain("checksum");
      expect(JSON.stringify([error.message, error.hint, String(error.cause)])).not.toContain(broken);
    }
  });
});

test("the age package still says so in the words that the vault knows", async () => {
  const decrypter = new Decrypter();
  decrypter.addIdentity(await generateX25519Identity());
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(await generateX25519Identity()));
  expect(decrypter.decrypt(await encrypter.encrypt("x"))).rejects.toThrow(
    "no identity matched any of the file's recipients",
  );
});
