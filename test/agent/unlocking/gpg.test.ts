import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../../../src/platform/process.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { fileVault } from "../../../src/vault/file-vault.ts";
import { createGpgKey } from "../../../src/vault/gpg-keys.ts";
import { gpgCipher, gpgProgram } from "../../../src/vault/gpg.ts";
import { saveVaultSettings } from "../../../src/vault/settings.ts";
import type { Vault } from "../../../src/vault/vault.ts";
import { configureAgent, failureOf, gnupgHome, maySkip } from "../../vault/support.ts";
import { bytes, CREDENTIAL, PASSPHRASE, vaultWorld } from "./vault-world.ts";

const NAMES = ["a@example.com", "b@example.com", "c@example.com"];
const [A = "", B = ""] = NAMES;
const RIGHT = `pin:${PASSPHRASE}` as const;

describe.skipIf(maySkip("gpg", "gpgconf"))("a vault with a gpg key that has a passphrase", () => {
  const world = vaultWorld();
  const gnupg = gnupgHome(world.path);
  const gpg = gpgProgram(world.env);
  /** As another process sees it: encrypting needs no passphrase. */
  let other: Vault;
  let recipient: string;

  /** gpg-agent forgets, as it does by itself after a while. */
  const forget = () => run("gpgconf", ["--homedir", gnupg.path, "--reload", "gpg-agent"]);
  const codeOf = async (task: Promise<unknown>) => (await failureOf(task)).code;

  beforeAll(async () => {
    await configureAgent(gnupg.path, `pinentry-program ${world.pinentry}\n`);
    recipient = (await createGpgKey(gpg, new Secret(PASSPHRASE))).fingerprint;
    saveVaultSettings(world.paths, { active: "gpg", folder: "vault", gpg: { recipient } });
    other = fileVault(gpgCipher({ gpg, recipient }), join(world.paths.state, "vault"));
  });
  beforeEach(async () => {
    await forget();
    for (const name of NAMES) await other.write(name, bytes(CREDENTIAL));
  });
  afterAll(async () => {
    await gnupg.dispose();
    world.dispose();
  });

  test("is asked for exactly once, by gpg itself, and then serves without it, renewals included", async () => {
    world.answers(RIGHT);
    const { read, lock, memory, events } = world.agent();
    expect(new Set(await Promise.all([...NAMES, ...NAMES].map((name) => read(name))))).toEqual(new Set([CREDENTIAL]));
    expect(world.questions()).toBe(1);
    expect(events).toEqual(["unlocked"]);
    await forget();
    expect(await read(A, "never")).toBe(CREDENTIAL);
    await (await lock.openVault("never")).write(A, bytes("renewed"));
    expect(await read(A, "never")).toBe("renewed");
    expect(memory.use().secrets).toBe(3);
    expect(world.questions()).toBe(1);
  });

  test("is read whole as soon as it is open: gpg-agent forgets before the night is over", async () => {
    world.answers(RIGHT);
    const { read, memory } = world.agent();
    await read(A);
    while (memory.use().secrets < NAMES.length) await Bun.sleep(10);
    await forget();
    expect(await read(B, "never")).toBe(CREDENTIAL);
    expect(world.questions()).toBe(1);
  });

  test("locks the one account that another process has stored since, and serves the others", async () => {
    world.answers(RIGHT);
    const { read, lock, memory } = world.agent();
    await lock.unlock({});
    while (memory.use().secrets < NAMES.length) await Bun.sleep(10);
    await forget();
    await other.write(A, bytes("stored elsewhere"));
    const error = await failureOf(read(A, "never"));
    expect([error.code, error.hint]).toEqual(["ERR_VAULT_LOCKED", "mailkey agent unlock"]);
    expect(await read(B, "never")).toBe(CREDENTIAL);
    expect(world.questions()).toBe(1);
    await lock.unlock({});
    expect(world.questions()).toBe(2);
    expect(await read(A, "never")).toBe("stored elsewhere");
  });

  test("that a person has opened for that one account counts as unlocked anew: whoever waits for it may try again", async () => {
    world.answers(RIGHT);
    const { read, lock, memory, events } = world.agent();
    await lock.unlock({});
    while (memory.use().secrets < NAMES.length) await Bun.sleep(10);
    await forget();
    await other.write(A, bytes("stored elsewhere"));
    expect(await codeOf(read(A, "never"))).toBe("ERR_VAULT_LOCKED");
    expect(lock.isUnlocked).toBe(true);
    expect(events).toEqual(["unlocked"]);
    expect(await read(A)).toBe("stored elsewhere");
    expect(events).toEqual(["unlocked", "unlocked"]);
  });

  test("asks nobody after a refusal, and reads again when gpg-agent has learnt the passphrase elsewhere", async () => {
    world.answers("cancel");
    const { read, lock } = world.agent();
    expect(await codeOf(read(A))).toBe("ERR_VAULT_LOCKED");
    expect(await codeOf(read(B))).toBe("ERR_VAULT_LOCKED");
    expect([world.questions(), (await lock.status()).state]).toEqual([1, "refused"]);
    world.answers(RIGHT);
    await other.read(A); // somebody reads their mail
    expect(world.questions()).toBe(1);
    expect(await read(B)).toBe(CREDENTIAL);
    expect([world.questions(), (await lock.status()).state]).toEqual([1, "unlocked"]);
  });

  test("stays locked when it is told to, whatever gpg-agent remembers", async () => {
    world.answers(RIGHT);
    const { read, lock } = world.agent();
    await read(A);
    lock.lock("asked");
    expect(await codeOf(read(A))).toBe("ERR_VAULT_LOCKED");
    await lock.unlock({});
    expect(await read(A)).toBe(CREDENTIAL);
    expect(world.questions()).toBe(1);
  });

  test("says how to be asked where there is neither display nor terminal", async () => {
    world.answers(RIGHT);
    const { read, lock } = world.agent({ env: world.env });
    expect((await failureOf(read(A))).hint).toBe("mailkey agent unlock");
    expect((await failureOf(lock.unlock({}))).hint).toBe("export GPG_TTY=$(tty) && mailkey agent unlock");
    expect(world.questions()).toBe(0);
    await lock.unlock({ env: { GPG_TTY: "/dev/pts/9" } });
    expect(await read(A)).toBe(CREDENTIAL);
  });

  test("that turns out to have none is opened without a question, by the agent itself", async () => {
    const open = (await createGpgKey(gpg, undefined)).fingerprint;
    saveVaultSettings(world.paths, { active: "gpg", folder: "vault-2", gpg: { recipient: open } });
    await fileVault(gpgCipher({ gpg, recipient: open }), join(world.paths.state, "vault-2")).write(A, bytes("open"));
    const { read } = world.agent({ env: world.env });
    expect(await read(A, "never")).toBe("open");
    saveVaultSettings(world.paths, { active: "gpg", folder: "vault", gpg: { recipient } });
  });
});
