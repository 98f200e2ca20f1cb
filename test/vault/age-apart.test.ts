import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Secret } from "../../src/platform/secret.ts";
import { AgeApart } from "../../src/vault/age-apart.ts";
import { agePassphraseCipher } from "../../src/vault/age.ts";
import { CREDENTIAL, failureOf, shortFolder } from "./support.ts";

const PROGRAM = [process.execPath, fileURLToPath(new URL("../../src/main.ts", import.meta.url))];
const PASSPHRASE = "correct hörse";

const env = { PATH: process.env["PATH"] };
const apart = new AgeApart({ program: PROGRAM, env });
const cipher = (passphrase = PASSPHRASE) => apart.cipher("apart", async () => new TextEncoder().encode(passphrase));
const here = (workFactor: number) =>
  agePassphraseCipher({ description: "here", passphrase: async () => new Secret(PASSPHRASE), workFactor });

test("what it encrypts, age decrypts, and nobody waits meanwhile", async () => {
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 1);
  const ciphertext = await cipher().encrypt(CREDENTIAL);
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(10); // on this thread it would be none
  expect(new TextDecoder().decode(ciphertext.subarray(0, 200))).toMatch(/-> scrypt \S+ 18\n/);
  expect(await here(10).decrypt(ciphertext)).toEqual(CREDENTIAL);
});

test("what age encrypted, it decrypts", async () => {
  expect(await cipher().decrypt(await here(10).encrypt(CREDENTIAL))).toEqual(CREDENTIAL);
});

test("fails as the same thing on this thread does, and takes no harm from it", async () => {
  const ciphertext = await here(10).encrypt(CREDENTIAL);
  const wrong = await failureOf(cipher("wrong").decrypt(ciphertext));
  expect([wrong.code, wrong.details?.["reason"]]).toEqual(["ERR_VAULT_LOCKED", "bad_passphrase"]);
  for (const input of [0, 3, 40, ciphertext.length - 1].map((length) => ciphertext.subarray(0, length))) {
    const { code, message, hint } = await failureOf(here(10).decrypt(input));
    expect(await failureOf(cipher().decrypt(input))).toMatchObject({ code, message, hint });
  }
  expect(await cipher().decrypt(ciphertext)).toEqual(CREDENTIAL);
});

test("overwrites the passphrase that it was lent, and shows it to nobody on the way", async () => {
  const lent = new TextEncoder().encode(PASSPHRASE);
  const folder = shortFolder();
  const log = join(folder.path, "log");
  const spy = ["/bin/sh", "-c", `{ echo "$*"; env; } > ${log}; exec "$@"`, "sh", ...PROGRAM];
  const seen = new AgeApart({ program: spy, env }).cipher("", async () => lent);
  await seen.decrypt(await here(10).encrypt(CREDENTIAL));
  expect(lent).toEqual(new Uint8Array(lent.length));
  const shown = readFileSync(log, "utf8");
  expect(shown).toContain("decrypt\n");
  expect(shown).not.toContain(PASSPHRASE);
  folder.dispose();
});

test("says so when its program cannot be run, and when that is something else", async () => {
  for (const program of [["/nonexistent/mailkey"], ["/bin/false"]]) {
    const broken = new AgeApart({ program, env }).cipher("", async () => new Uint8Array(1));
    expect((await failureOf(broken.encrypt(CREDENTIAL))).code).toBe("ERR_PROGRAM");
  }
});
