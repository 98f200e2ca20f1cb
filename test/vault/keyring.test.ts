import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { privateSession } from "../../lab/secret-service.ts";
import { Secret } from "../../src/platform/secret.ts";
import { ensureKeyringKey, keyringCipher } from "../../src/vault/keyring.ts";
import type { KeyringBackend } from "../../src/vault/keyring/backend.ts";
import { macosKeychain } from "../../src/vault/keyring/macos.ts";
import { secretService } from "../../src/vault/keyring/secret-service.ts";
import { windowsCredentials } from "../../src/vault/keyring/windows.ts";
import { cleanEnv, CREDENTIAL, failureOf, maySkip, shortFolder, writeExecutable } from "./support.ts";

const IDENTITY = new Secret("AGE-SECRET-KEY-1TEST");

describe.skipIf(maySkip("gnome-keyring-daemon", "secret-tool", "dbus-daemon", "gdbus"))("the Secret Service", () => {
  const session = privateSession();
  let backend: KeyringBackend;

  beforeAll(async () => {
    await session.start();
    backend = secretService(session.env());
  });
  afterAll(() => session.stop());

  test("keeps one key, and credentials encrypted to it come back", async () => {
    expect(await backend.get()).toBeUndefined();
    const { recipient, created } = await ensureKeyringKey(backend);
    expect(created).toBeTrue();
    const cipher = keyringCipher(() => Promise.resolve(backend), recipient);
    expect(await cipher.decrypt(await cipher.encrypt(CREDENTIAL))).toEqual(CREDENTIAL);
  });

  test("keeps the key that is there", async () => {
    const first = await ensureKeyringKey(backend);
    expect(await ensureKeyringKey(backend)).toEqual({ ...first, created: false });
  });

  test("never has the key in arguments or environment", async () => {
    const log = join(session.home, "argv.log");
    const bin = join(session.home, "bin");
    mkdirSync(bin, { recursive: true });
    writeExecutable(
      join(bin, "secret-tool"),
      `#!/bin/sh\n{ printf '%s\\n' "$@"; env; } >> '${log}'\nexec ${Bun.which("secret-tool")} "$@"\n`,
    );
    const spied = secretService({ ...session.env(), PATH: `${bin}:${process.env["PATH"]}` });
    const key = (await spied.get()) ?? IDENTITY;
    await spied.set(key);
    const seen = readFileSync(log, "utf8");
    expect(seen).toContain("store");
    expect(seen).not.toContain("AGE-SECRET-KEY");
  });

  test("can be written to, but not read, while it is locked", async () => {
    const { recipient } = await ensureKeyringKey(backend);
    await session.lock();
    const cipher = keyringCipher(() => Promise.resolve(backend), recipient);
    const ciphertext = await cipher.encrypt(CREDENTIAL);
    const error = await failureOf(cipher.decrypt(ciphertext));
    expect([error.code, error.details?.["reason"]]).toEqual(["ERR_VAULT_LOCKED", "locked"]);
    expect((await failureOf(ensureKeyringKey(backend))).code).toBe("ERR_VAULT_LOCKED");
    await session.unlock();
    expect(await cipher.decrypt(ciphertext)).toEqual(CREDENTIAL);
  });

  test("is asked in silence: an open one gives the key, a locked one asks nobody", async () => {
    const silent = secretService(session.env(), true);
    const key = await backend.get();
    expect((await silent.get())?.equals(key ?? IDENTITY)).toBeTrue();
    await session.lock();
    const error = await failureOf(silent.get());
    expect([error.code, error.hint, error.details?.["reason"]]).toEqual([
      "ERR_VAULT_LOCKED",
      "mailkey agent unlock",
      "needs_person",
    ]);
    await session.unlock();
    expect((await silent.get())?.equals(key ?? IDENTITY)).toBeTrue();
    const nowhere = { ...session.env(), DBUS_SESSION_BUS_ADDRESS: `unix:path=${session.home}/nothing` };
    expect((await failureOf(secretService(nowhere, true).get())).details?.["reason"]).toBe("no_bus");
  });

  test("says so when there is no session bus", async () => {
    const nowhere = { ...session.env(), DBUS_SESSION_BUS_ADDRESS: `unix:path=${session.home}/nothing` };
    const error = await failureOf(secretService(nowhere).get());
    expect([error.code, error.details?.["reason"]]).toEqual(["ERR_VAULT_UNUSABLE", "no_bus"]);
    const { DBUS_SESSION_BUS_ADDRESS: _, ...cron } = session.env();
    expect((await failureOf(secretService(cron).get())).details?.["reason"]).toBe("no_bus");
  });

  test("says so when secret-tool is not installed", async () => {
    const error = await failureOf(secretService({ ...session.env(), PATH: "/nonexistent" }).get());
    expect([error.code, error.details?.["reason"]]).toEqual(["ERR_VAULT_UNUSABLE", "program_missing"]);
  });
});

test.skipIf(maySkip("secret-tool", "dbus-daemon"))(
  "a session bus without a keyring program is named as that",
  async () => {
    const session = privateSession();
    await session.startBus();
    try {
      const error = await failureOf(secretService(session.env()).get());
      expect([error.code, error.details?.["reason"]]).toEqual(["ERR_VAULT_UNUSABLE", "no_service"]);
    } finally {
      await session.stop();
    }
  },
);

describe("the macOS Keychain (by a program that records how it is called)", () => {
  const folder = shortFolder();
  const env = cleanEnv(folder.path);
  afterAll(() => folder.dispose());
  const recorder = (answer: string) =>
    writeExecutable(
      join(folder.path, "security"),
      `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder.path}/argv'\ncat > '${folder.path}/stdin'\n${answer}\n`,
    );
  const recorded = (name: string) => readFileSync(join(folder.path, name), "utf8");

  test("is given the key on standard input, not as an argument", async () => {
    await macosKeychain(env, recorder("exit 0")).set(IDENTITY);
    expect(recorded("argv")).toBe("-i\n");
    expect(recorded("stdin")).toBe(
      'add-generic-password -U -s mailkey -a vault-key -l "mailkey vault key" -w AGE-SECRET-KEY-1TEST\n',
    );
  });

  test("is never handed what would need quoting", () => {
    const keychain = macosKeychain(env, recorder("exit 0"));
    expect(keychain.set(new Secret('x" -A\ndelete-keychain'))).rejects.toThrow(RangeError);
  });

  test("gives the key back, or undefined when there is none", async () => {
    const found = await macosKeychain(env, recorder("echo AGE-SECRET-KEY-1TEST")).get();
    expect(found?.equals(IDENTITY)).toBeTrue();
    expect(recorded("argv")).toBe("find-generic-password\n-s\nmailkey\n-a\nvault-key\n-w\n");
    expect(await macosKeychain(env, recorder("exit 44")).get()).toBeUndefined();
  });

  test("is called locked when it may ask nobody", async () => {
    expect((await failureOf(macosKeychain(env, recorder("exit 36")).get())).code).toBe("ERR_VAULT_LOCKED");
    expect((await failureOf(macosKeychain(env, recorder("exit 1")).get())).code).toBe("ERR_VAULT_UNUSABLE");
  });
});

describe("the Windows Credential Manager (by a program that records how it is called)", () => {
  const folder = shortFolder();
  const env = cleanEnv(folder.path);
  afterAll(() => folder.dispose());
  const recorder = (answer: string) =>
    writeExecutable(
      join(folder.path, "powershell"),
      `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder.path}/argv'\ncat > '${folder.path}/stdin'\n${answer}\n`,
    );
  const recorded = (name: string) => readFileSync(join(folder.path, name), "utf8");

  test("is given a fixed script, and the key on standard input", async () => {
    await windowsCredentials(env, recorder("exit 0")).set(IDENTITY);
    expect(recorded("stdin")).toBe("AGE-SECRET-KEY-1TEST");
    expect(recorded("argv")).toStartWith("-NoProfile\n-NonInteractive\n-Command\n");
    expect(recorded("argv")).toContain("CredWriteW([ref]$credential, 0)");
    expect(recorded("argv")).not.toContain("AGE-SECRET-KEY");
  });

  test("gives the key back, or undefined when there is none", async () => {
    const found = await windowsCredentials(env, recorder("printf AGE-SECRET-KEY-1TEST")).get();
    expect(found?.equals(IDENTITY)).toBeTrue();
    expect(recorded("argv")).toContain("CredReadW('mailkey/vault-key', 1, 0, [ref]$pointer)");
    expect(await windowsCredentials(env, recorder("exit 3")).get()).toBeUndefined();
    const error = await failureOf(windowsCredentials(env, recorder("echo 'CredRead failed: 5' >&2; exit 1")).get());
    expect([error.code, error.message]).toEqual([
      "ERR_VAULT_UNUSABLE",
      "the Windows Credential Manager refuses: CredRead failed: 5",
    ]);
  });
});
