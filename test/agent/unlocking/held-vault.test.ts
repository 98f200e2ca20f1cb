import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { HeldVault } from "../../../src/agent/unlocking/held-vault.ts";
import { SecretMemory } from "../../../src/platform/secret-memory.ts";
import { fileVault } from "../../../src/vault/file-vault.ts";
import type { Cipher, Vault } from "../../../src/vault/vault.ts";
import { shortFolder } from "../../vault/support.ts";

const NAME = "me@example.com";
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (read: Uint8Array | undefined) => new TextDecoder().decode(read);

/** Turns bits over, counts, and waits where it is told to. */
class SlowCipher implements Cipher {
  readonly kind = "command";
  readonly description = "bits turned over";
  readonly extension = ".enc";
  decrypted = 0;
  encrypted = 0;
  /** What a decryption waits for. */
  gate: Promise<unknown> = Promise.resolve();
  failure: Error | undefined;

  readonly isSlow: boolean;

  constructor(isSlow: boolean) {
    this.isSlow = isSlow;
  }

  async encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
    this.encrypted += 1;
    return plaintext.map((byte) => ~byte);
  }

  async decrypt(ciphertext: Uint8Array): Promise<Uint8Array> {
    this.decrypted += 1;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return ciphertext.map((byte) => ~byte);
  }
}

function gate(): { wait: Promise<void>; open: () => void } {
  let open = () => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
}

let folder = shortFolder();
let cipher: SlowCipher;
let memory: SecretMemory;
let held: HeldVault;
/** With memory, and as another process sees it. */
let vault: Vault;
let other: Vault;

function openWith(isSlow: boolean): void {
  cipher = new SlowCipher(isSlow);
  memory = new SecretMemory(undefined);
  held = new HeldVault(memory);
  vault = held.over(fileVault(cipher, join(folder.path, "vault")));
  other = fileVault(new SlowCipher(false), join(folder.path, "vault"));
}

beforeEach(() => {
  folder = shortFolder();
  openWith(false);
});
afterEach(() => folder.dispose());

describe("a credential", () => {
  test("is decrypted once for each time that it was stored", async () => {
    await other.write(NAME, bytes("one"));
    expect([text(await vault.read(NAME)), text(await vault.read(NAME))]).toEqual(["one", "one"]);
    expect(cipher.decrypted).toBe(1);
    await other.write(NAME, bytes("two"));
    expect([text(await vault.read(NAME)), text(await vault.read(NAME))]).toEqual(["two", "two"]);
    expect(cipher.decrypted).toBe(2);
  });

  test("that was stored through it is never decrypted", async () => {
    await vault.write(NAME, bytes("mine"));
    expect(text(await vault.read(NAME))).toBe("mine");
    expect(cipher.decrypted).toBe(0);
    expect(text(await other.read(NAME))).toBe("mine");
  });

  test("is handed out as a copy: what the caller does to it harms nobody", async () => {
    await other.write(NAME, bytes("one"));
    (await vault.read(NAME))?.fill(0);
    const written = bytes("two");
    expect(text(await vault.read(NAME))).toBe("one");
    await vault.write(NAME, written);
    written.fill(0);
    expect(text(await vault.read(NAME))).toBe("two");
  });

  test("is decrypted once for all who ask at the same time, and its failure is everybody's", async () => {
    await other.write(NAME, bytes("one"));
    const readers = Array.from({ length: 20 }, async () => text(await vault.read(NAME)));
    expect(new Set(await Promise.all(readers))).toEqual(new Set(["one"]));
    expect(cipher.decrypted).toBe(1);
    await other.write(NAME, bytes("two"));
    cipher.failure = new Error("no");
    const failing = await Promise.allSettled(Array.from({ length: 20 }, () => vault.read(NAME)));
    expect(new Set(failing.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(cipher.decrypted).toBe(2);
  });

  test("that is gone is not remembered", async () => {
    await vault.write(NAME, bytes("one"));
    await other.remove(NAME);
    expect(await vault.read(NAME)).toBeUndefined();
    await vault.write(NAME, bytes("two"));
    await vault.remove(NAME);
    expect(await vault.read(NAME)).toBeUndefined();
    expect(memory.use().secrets).toBe(0);
  });

  test("that was replaced while it was being decrypted does not push out the newer one", async () => {
    await other.write(NAME, bytes("old"));
    const { wait, open: release } = gate();
    cipher.gate = wait;
    const slow = vault.read(NAME);
    await vault.write(NAME, bytes("new"));
    release();
    expect(text(await slow)).toBe("old");
    expect(text(await vault.read(NAME))).toBe("new");
    expect(cipher.decrypted).toBe(1);
  });

  test("is not remembered as stored when storing it failed", async () => {
    await vault.write(NAME, bytes("old"));
    cipher.encrypt = () => Promise.reject(new Error("no key"));
    expect(await vault.write(NAME, bytes("new")).catch(() => "failed")).toBe("failed");
    expect(text(await vault.read(NAME))).toBe("old");
    expect(cipher.decrypted).toBe(0);
  });
});

describe("forgetting", () => {
  test("leaves nothing in hand", async () => {
    await vault.write(NAME, bytes("one"));
    expect(memory.use().secrets).toBe(1);
    held.forget();
    expect(memory.use().secrets).toBe(0);
    expect(text(await vault.read(NAME))).toBe("one");
    expect(cipher.decrypted).toBe(1);
  });

  test("counts for what is under way: a read and a write end as they would, and are not remembered", async () => {
    await other.write(NAME, bytes("one"));
    const { wait, open: release } = gate();
    cipher.gate = wait;
    const slow = vault.read(NAME);
    const writing = vault.write("b@example.com", bytes("two"));
    held.forget();
    release();
    expect(text(await slow)).toBe("one");
    await writing;
    expect(text(await other.read("b@example.com"))).toBe("two");
    expect(memory.use().secrets).toBe(0);
  });
});

describe("storing the same again", () => {
  test("writes the file anew, without a second encryption where one takes a second", async () => {
    openWith(true);
    await vault.write(NAME, bytes("one"));
    const stamp = vault.stamp(NAME);
    await vault.write(NAME, bytes("one"));
    expect(vault.stamp(NAME)).not.toBe(stamp);
    expect(cipher.encrypted).toBe(1);
    expect(text(await vault.read(NAME))).toBe("one");
    expect(cipher.decrypted).toBe(0);
  });

  test("encrypts where that is cheap: it shows that the key still works", async () => {
    await vault.write(NAME, bytes("one"));
    await vault.write(NAME, bytes("one"));
    expect(cipher.encrypted).toBe(2);
  });

  test("encrypts when another process has replaced it meanwhile", async () => {
    openWith(true);
    await vault.write(NAME, bytes("one"));
    await other.write(NAME, bytes("two"));
    await vault.write(NAME, bytes("one"));
    expect(cipher.encrypted).toBe(2);
    expect(text(await other.read(NAME))).toBe("one");
  });
});
