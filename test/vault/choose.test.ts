import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import type { Environment, Paths } from "../../src/platform/paths.ts";
import { Secret } from "../../src/platform/secret.ts";
import { availability } from "../../src/vault/availability.ts";
import { chooseDefaultVault, ensureVault } from "../../src/vault/choose.ts";
import { createGpgKey } from "../../src/vault/gpg-keys.ts";
import { gpgCipher, gpgProgram } from "../../src/vault/gpg.ts";
import { loadVaultSettings } from "../../src/vault/settings.ts";
import { cleanEnv, CREDENTIAL, gnupgHome, maySkip, NAME, pathsIn, shortFolder } from "./support.ts";

describe("the vault chosen at first use", () => {
  let folder: ReturnType<typeof shortFolder>;
  let paths: Paths;
  let env: Environment;
  beforeEach(() => {
    folder = shortFolder();
    paths = pathsIn(folder.path);
    env = cleanEnv(folder.path);
  });
  afterEach(() => folder.dispose());
  const choose = (more: Record<string, string> = {}) => chooseDefaultVault(paths, { ...env, ...more }, new Date());

  test("is an age identity file on a machine with nothing else, and gpg's folder is not created", async () => {
    const { settings, reason } = await choose();
    expect(settings.active).toBe("age");
    expect(reason).toContain("works unattended");
    expect(reason).not.toContain("\n");
    expect(existsSync(join(folder.path, "gnupg"))).toBeFalse();
  });

  test("is an age identity file in a desktop session whose keyring does not answer", async () => {
    expect((await choose({ DISPLAY: ":0", DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" })).settings.active).toBe(
      "age",
    );
  });

  describe.skipIf(maySkip("gpg", "gpgconf", "gpg-connect-agent"))("with a gpg key", () => {
    let gnupg: ReturnType<typeof gnupgHome>;
    beforeEach(() => {
      gnupg = gnupgHome(folder.path);
    });
    afterEach(() => gnupg.dispose());

    test("is gpg when the only key works without a passphrase", async () => {
      const { fingerprint } = await createGpgKey(gpgProgram(env), undefined);
      const { settings, reason } = await choose();
      expect(settings).toEqual({ active: "gpg", folder: "vault", gpg: { recipient: fingerprint } });
      expect(reason).toContain(fingerprint);
      expect(await availability("gpg", env)).toEqual({ kind: "gpg", available: true, remark: fingerprint });
    });

    test("is not gpg when the key has a passphrase, even while the agent knows it", async () => {
      const gpg = gpgProgram(env);
      const { fingerprint: recipient } = await createGpgKey(gpg, new Secret("correct horse"));
      const cipher = gpgCipher({ gpg, recipient, passphrase: async () => new Secret("correct horse") });
      await cipher.decrypt(await cipher.encrypt(CREDENTIAL)); // the agent remembers it from now on
      const { settings, reason } = await choose();
      expect(settings.active).toBe("age");
      expect(reason).toContain("asks for a passphrase");
    });

    test("is not gpg when there are two keys: nobody said which", async () => {
      await createGpgKey(gpgProgram(env), undefined);
      await createGpgKey(gpgProgram(env), undefined);
      expect((await choose()).settings.active).toBe("age");
    });
  });

  test("is set up once, by whichever of two processes comes first, and opened ever after", async () => {
    const ports = { clock: systemClock };
    const [one, two] = await Promise.all([ensureVault(paths, env, ports), ensureVault(paths, env, ports)]);
    expect([one.reason, two.reason].filter((reason) => reason !== undefined)).toHaveLength(1);
    await one.vault.write(NAME, CREDENTIAL);
    expect(await two.vault.read(NAME)).toEqual(CREDENTIAL);
    expect((await ensureVault(paths, env, ports)).reason).toBeUndefined();
    expect(loadVaultSettings(paths)?.active).toBe("age");
  });
});
