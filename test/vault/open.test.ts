import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { run } from "../../src/platform/process.ts";
import { Secret } from "../../src/platform/secret.ts";
import { moveVault } from "../../src/vault/move.ts";
import { openVault } from "../../src/vault/open.ts";
import { setUpAge } from "../../src/vault/set-up.ts";
import { saveVaultSettings } from "../../src/vault/settings.ts";
import { cleanEnv, CREDENTIAL, failureOf, maySkip, NAME, pathsIn, shortFolder, writeSecretFile } from "./support.ts";

describe("opening the active vault", () => {
  const folder = shortFolder();
  const paths = pathsIn(folder.path);
  const env = cleanEnv(folder.path);
  const ports = { clock: systemClock };
  const swapped = { encrypt: "base64 | rev", decrypt: "rev | base64 -d" };
  beforeEach(() => {
    rmSync(paths.config, { recursive: true, force: true });
    rmSync(paths.state, { recursive: true, force: true });
  });
  afterAll(() => folder.dispose());
  const useAge = async () => {
    const { target } = await setUpAge(paths, env, {}, new Date());
    saveVaultSettings(paths, { folder: "vault", ...target });
  };

  test("before any is set up fails with the command to type", async () => {
    const error = await failureOf(openVault(paths, env));
    expect([error.code, error.details?.["reason"]]).toEqual(["ERR_VAULT_UNUSABLE", "no_vault"]);
    expect(error.hint).toContain("mailkey vault init");
  });

  test("touches no key: a vault whose key is missing opens and lists", async () => {
    await useAge();
    await (await openVault(paths, env)).write(NAME, CREDENTIAL);
    rmSync(join(paths.config, "age-identity.txt"));
    const vault = await openVault(paths, env);
    expect(await vault.list()).toEqual([NAME]);
    expect(vault.stamp(NAME)).toBeString();
    expect((await failureOf(vault.read(NAME))).message).toContain("does not exist");
  });

  test("follows a move that ended after it was opened, for reading and for writing", async () => {
    await useAge();
    const before = await openVault(paths, env);
    await before.write(NAME, CREDENTIAL);
    await moveVault(paths, env, { active: "command", command: swapped }, ports);
    expect(await before.read(NAME)).toEqual(CREDENTIAL);
    await before.write("new@example.com", CREDENTIAL);
    expect(await (await openVault(paths, env)).read("new@example.com")).toEqual(Buffer.from(CREDENTIAL));
  });

  test("takes the passphrase from a private file or from a command", async () => {
    const file = writeSecretFile(join(folder.path, "passphrase"), "first line\nnot this one\n");
    saveVaultSettings(paths, { folder: "vault", active: "age", age: { passphrase_file: file } });
    await (await openVault(paths, env)).write(NAME, CREDENTIAL);
    saveVaultSettings(paths, { folder: "vault", active: "age", age: { passphrase_command: `head -n 1 '${file}'` } });
    expect(await (await openVault(paths, env)).read(NAME)).toEqual(CREDENTIAL);
  }, 30_000);

  test("names what is wrong with the source of the passphrase", async () => {
    const file = join(folder.path, "loose");
    writeSecretFile(file, "hunter2\n");
    await run("chmod", ["644", file]);
    const cases = [
      [{ passphrase_file: file }, "ERR_UNTRUSTED_FILE", "can be read"],
      [{ passphrase_file: join(folder.path, "missing") }, "ERR_VAULT_UNUSABLE", "does not exist"],
      [{ passphrase_command: "true" }, "ERR_VAULT_UNUSABLE", "is empty"],
      [{ passphrase_command: "echo not logged in >&2; exit 4" }, "ERR_VAULT_LOCKED", "status 4: not logged in"],
    ] as const;
    for (const [age, code, message] of cases) {
      saveVaultSettings(paths, { folder: "vault", active: "age", age });
      const error = await failureOf((await openVault(paths, env)).write(NAME, CREDENTIAL));
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
    }
    expect(existsSync(join(paths.state, "vault", `${NAME}.age`))).toBeFalse();
  });

  test("asks for a typed passphrase once, and is locked when there is nobody to ask", async () => {
    saveVaultSettings(paths, { folder: "vault", active: "age", age: { passphrase: "prompt" } });
    let asked = 0;
    const askPassphrase = async () => {
      asked += 1;
      return new Secret("typed");
    };
    const vault = await openVault(paths, env, { askPassphrase });
    await vault.write(NAME, CREDENTIAL);
    expect(await vault.read(NAME)).toEqual(CREDENTIAL);
    expect(asked).toBe(1);
    expect((await failureOf((await openVault(paths, env)).read(NAME))).code).toBe("ERR_VAULT_LOCKED");
    // A typing error must not put one credential under another passphrase than the rest.
    const mistyped = await openVault(paths, env, { askPassphrase: async () => new Secret("tpyed") });
    expect((await failureOf(mistyped.write("other@example.com", CREDENTIAL))).code).toBe("ERR_VAULT_LOCKED");
    expect(await vault.list()).toEqual([NAME]);
  }, 60_000);

  test("asks again for a passphrase that was typed wrong, so that a sign-in is not lost by it", async () => {
    saveVaultSettings(paths, { folder: "vault", active: "age", age: { passphrase: "prompt" } });
    await (await openVault(paths, env, { askPassphrase: async () => new Secret("typed") })).write(NAME, CREDENTIAL);
    const questions: string[] = [];
    const askPassphrase = async (question: string) => {
      questions.push(question);
      return new Secret(questions.length === 1 ? "tpyed" : "typed");
    };
    expect(await (await openVault(paths, env, { askPassphrase })).read(NAME)).toEqual(CREDENTIAL);
    expect(questions).toEqual(["Passphrase of mailkey's vault: ", "That is not the passphrase (1 of 3). Once more: "]);
  }, 60_000);

  test.skipIf(maySkip("age"))(
    "loads neither the other vaults nor, where there is an age program, the package for reading",
    async () => {
      await useAge();
      await (await openVault(paths, env)).write(NAME, CREDENTIAL);
      const script = `
      const { openVault } = await import("${import.meta.dir}/../../src/vault/open.ts");
      const read = await (await openVault(${JSON.stringify(paths)}, process.env)).read("${NAME}");
      console.log(JSON.stringify([read.length, Object.keys(require.cache)]));`;
      const { stdout, stderr } = await run(process.execPath, ["-e", script], { env });
      expect(stderr).toBe("");
      const [length, loaded] = JSON.parse(new TextDecoder().decode(stdout)) as [number, string[]];
      expect(length).toBe(CREDENTIAL.length);
      for (const absent of [
        "node_modules/age-encryption",
        "post-quantum",
        "vault/gpg",
        "vault/keyring",
        "vault/move",
      ]) {
        expect(loaded.filter((file) => file.includes(absent))).toEqual([]);
      }
    },
  );
});
