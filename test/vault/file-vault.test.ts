import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Paths } from "../../src/platform/paths.ts";
import { run } from "../../src/platform/process.ts";
import { fileVault } from "../../src/vault/file-vault.ts";
import { openVault } from "../../src/vault/open.ts";
import { setUpAge } from "../../src/vault/set-up.ts";
import { saveVaultSettings } from "../../src/vault/settings.ts";
import type { Cipher, Vault } from "../../src/vault/vault.ts";
import { cleanEnv, CREDENTIAL, failureOf, NAME, pathsIn, shortFolder } from "./support.ts";

const isRoot = process.getuid?.() === 0;

describe("a vault of files", () => {
  const folder = shortFolder();
  const paths: Paths = pathsIn(folder.path);
  const env = cleanEnv(folder.path);
  const files = join(paths.state, "vault");
  const file = join(files, `${NAME}.age`);
  let vault: Vault;

  beforeAll(async () => {
    const { target } = await setUpAge(paths, env, {}, new Date());
    saveVaultSettings(paths, { folder: "vault", ...target });
    vault = await openVault(paths, env);
  });
  beforeEach(() => rmSync(files, { recursive: true, force: true }));
  afterAll(() => folder.dispose());

  test("tells the stamp of what it wrote, whatever has been written since", async () => {
    const first = await vault.write(NAME, CREDENTIAL);
    expect(vault.stamp(NAME)).toBe(first);
    const second = await vault.write(NAME, CREDENTIAL);
    expect([second === first, vault.stamp(NAME) === second]).toEqual([false, true]);
  });

  test("stores, lists, replaces and removes", async () => {
    expect(await vault.read(NAME)).toBeUndefined();
    await vault.write(NAME, CREDENTIAL);
    await vault.write("a@example.com", CREDENTIAL);
    expect(await vault.list()).toEqual(["a@example.com", NAME]);
    expect(await vault.read(NAME)).toEqual(CREDENTIAL);
    await vault.write(NAME, Uint8Array.of(1));
    expect(await vault.read(NAME)).toEqual(Uint8Array.of(1));
    await vault.remove(NAME);
    await vault.remove(NAME);
    expect(await vault.list()).toEqual(["a@example.com"]);
  });

  test("changes its stamp with every replacement", async () => {
    expect(vault.stamp(NAME)).toBeUndefined();
    const seen = new Set<string | undefined>();
    for (let round = 0; round < 5; round++) {
      await vault.write(NAME, CREDENTIAL);
      seen.add(vault.stamp(NAME));
    }
    expect(seen.size).toBe(5);
    expect(vault.stamp(NAME)).toBe(vault.stamp(NAME));
  });

  test("keeps files at 600 in a folder at 700, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      await vault.write(NAME, CREDENTIAL);
    } finally {
      process.umask(before);
    }
    expect([statSync(file).mode & 0o777, statSync(files).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  test("refuses a file that others can read, and a folder that others can write to", async () => {
    await vault.write(NAME, CREDENTIAL);
    chmodSync(file, 0o644);
    expect((await failureOf(vault.read(NAME))).code).toBe("ERR_UNTRUSTED_FILE");
    chmodSync(file, 0o600);
    chmodSync(files, 0o777);
    expect((await failureOf(vault.write(NAME, Uint8Array.of(1)))).code).toBe("ERR_UNTRUSTED_FILE");
    chmodSync(files, 0o700);
    expect(await vault.read(NAME)).toEqual(CREDENTIAL);
  });

  test("follows a symbolic link and leaves it one", async () => {
    await vault.write(NAME, CREDENTIAL);
    const elsewhere = join(folder.path, "elsewhere.age");
    renameSync(file, elsewhere);
    symlinkSync(elsewhere, file);
    await vault.write(NAME, Uint8Array.of(2));
    expect(lstatSync(file).isSymbolicLink()).toBeTrue();
    expect(await vault.read(NAME)).toEqual(Uint8Array.of(2));
  });

  test("refuses names that could leave the folder", () => {
    for (const name of ["", "../x", "a/b", ".hidden", "a\0b", "a\\b"])
      expect(vault.read(name)).rejects.toThrow(RangeError);
  });

  test("touches nothing when encrypting fails", async () => {
    await vault.write(NAME, CREDENTIAL);
    const stamp = vault.stamp(NAME);
    const broken: Cipher = {
      kind: "age",
      description: "",
      extension: ".age",
      encrypt: () => Promise.reject(new Error("no key")),
      decrypt: (bytes) => Promise.resolve(bytes),
    };
    expect(fileVault(broken, files).write(NAME, Uint8Array.of(1))).rejects.toThrow("no key");
    expect(vault.stamp(NAME)).toBe(stamp ?? "");
  });

  test("sweeps away what killed writers left long ago, and nothing younger", async () => {
    await vault.write(NAME, CREDENTIAL);
    const [old, young] = [join(files, ".old.tmp"), join(files, ".young.tmp")];
    writeFileSync(old, "");
    writeFileSync(young, "");
    utimesSync(old, new Date(0), new Date(0));
    await vault.write(NAME, CREDENTIAL);
    expect(readdirSync(files).toSorted()).toEqual([".young.tmp", `${NAME}.age`]);
    expect(await vault.list()).toEqual([NAME]);
  });

  test("always holds a whole credential while two processes write and are killed", async () => {
    await vault.write(NAME, CREDENTIAL);
    const script = join(import.meta.dir, "writer-child.ts");
    for (let round = 0; round < 6; round++) {
      const children = [0, 1].map(() =>
        spawn(process.execPath, [script, folder.path, NAME], {
          env: { PATH: process.env["PATH"] },
          stdio: ["ignore", "pipe", "ignore"],
        }),
      );
      await Promise.all(children.map((child) => new Promise((started) => child.stdout?.once("data", started))));
      for (let look = 0; look < 30; look++) expect(isWhole(await vault.read(NAME))).toBeTrue();
      const ends = children.map((child) => new Promise((ended) => child.once("close", ended)));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ends);
      expect(isWhole(await vault.read(NAME))).toBeTrue();
    }
    expect(await vault.list()).toEqual([NAME]);
  }, 30_000);

  test.skipIf(!isRoot && process.env["CI"] !== "true")("keeps the old credential when the disk is full", async () => {
    mkdirSync(files, { recursive: true, mode: 0o700 });
    const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", files]);
    if (mounted.status !== 0 && process.env["CI"] !== "true") return;
    expect(mounted.stderr).toBe("");
    try {
      await vault.write(NAME, CREDENTIAL);
      const error = await failureOf(vault.write(NAME, new Uint8Array(32_000)));
      expect([error.code, error.message]).toEqual(["ERR_STORAGE", expect.stringContaining("no space left")]);
      expect(await vault.read(NAME)).toEqual(CREDENTIAL);
      expect(readdirSync(files)).toEqual([`${NAME}.age`]);
    } finally {
      await run("umount", [files]);
    }
  });

  test("keeps the old credential when a file may grow no further", async () => {
    await vault.write(NAME, CREDENTIAL);
    const before = readFileSync(file);
    const script = join(import.meta.dir, "writer-child.ts");
    // dash counts in blocks of 512 bytes; 1 is less than any ciphertext of the child's.
    const limited = await run(
      "/bin/sh",
      ["-c", `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`, process.execPath, script, folder.path, NAME, "1"],
      { env: { PATH: process.env["PATH"] } },
    );
    expect(limited.status).not.toBe(0);
    expect(limited.stderr).toContain("ERR_STORAGE");
    expect(readFileSync(file)).toEqual(before);
    expect(await vault.read(NAME)).toEqual(CREDENTIAL);
  });

  test("keeps the old credential in a read-only folder", async () => {
    await vault.write(NAME, CREDENTIAL);
    const restore = await makeReadOnly(files);
    if (restore === undefined) return;
    try {
      const error = await failureOf(vault.write(NAME, Uint8Array.of(1)));
      expect(error.code).toBe("ERR_STORAGE");
      expect(error.message).toMatch(/read-only|permission denied/);
      expect((await failureOf(vault.remove(NAME))).code).toBe("ERR_STORAGE");
      expect(await vault.read(NAME)).toEqual(CREDENTIAL);
    } finally {
      await restore();
    }
  });
});

/** For root modes mean nothing: a read-only bind mount does. */
async function makeReadOnly(path: string): Promise<(() => Promise<void>) | undefined> {
  if (!isRoot) {
    chmodSync(path, 0o500);
    return async () => chmodSync(path, 0o700);
  }
  const bound = await run("mount", ["--bind", path, path]);
  const mounted = bound.status === 0 && (await run("mount", ["-o", "remount,bind,ro", path])).status === 0;
  if (mounted) {
    return async () => {
      await run("umount", [path]);
    };
  }
  if (process.env["CI"] === "true") throw new Error(`cannot mount: ${bound.stderr}`);
  return undefined;
}

function isWhole(bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined) return false;
  const value = JSON.parse(new TextDecoder().decode(bytes)) as { end?: boolean; version?: number };
  return value.end === true || value.version === 1;
}
