import { expect, test } from "bun:test";
import { ptr, read, type Pointer } from "bun:ffi";
import { readFileSync } from "node:fs";
import { openLibc, type Libc } from "../../src/platform/libc.ts";
import { SecretMemory } from "../../src/platform/secret-memory.ts";

const libc = await openLibc();
const bytes = (length: number) => new Uint8Array(length).map((_, index) => (index % 255) + 1);

/** The C library, and every page that was taken through it. */
function spied(more: Partial<Libc> = {}): { libc: Libc; pages: Pointer[] } {
  if (libc === undefined) throw new Error("this runtime has no C library");
  const real = libc;
  const pages: Pointer[] = [];
  const mmap: Libc["mmap"] = (length) => {
    const memory = real.mmap(length);
    if (memory !== undefined) pages.push(ptr(memory));
    return memory;
  };
  return { libc: { ...real, mmap, ...more }, pages };
}

test("a secret is copied, and the original overwritten", () => {
  const memory = new SecretMemory(libc);
  const given = bytes(6000);
  const secret = memory.keep(given);
  expect(given).toEqual(new Uint8Array(6000));
  expect(secret.copy()).toEqual(bytes(6000));
  expect([secret.equals(bytes(6000)), secret.equals(bytes(5999))]).toEqual([true, false]);
  secret.copy().fill(0);
  expect(secret.copy()).toEqual(bytes(6000));
});

test("a wiped secret is gone from the memory that it was in", () => {
  const { libc: spy, pages } = spied();
  const secret = new SecretMemory(spy).keep(bytes(5000));
  const [page] = pages;
  if (page === undefined) throw new Error("no page was taken");
  const there = () => Array.from({ length: 8192 }, (_, index) => read.u8(page, index));
  expect(Uint8Array.from(there().slice(0, 5000))).toEqual(bytes(5000));
  secret.wipe();
  expect(new Set(there())).toEqual(new Set([0]));
  expect(secret.copy()).toHaveLength(0);
  secret.wipe();
});

test.skipIf(process.platform !== "linux")("its pages are neither swapped nor dumped", () => {
  const { libc: spy, pages } = spied();
  const memory = new SecretMemory(spy);
  memory.keep(bytes(5000));
  expect(memory.use()).toEqual({ secrets: 1, lockedBytes: 8192, unlockedBytes: 0 });
  const [page = 0] = pages;
  const mappings = readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const mapping = mappings.find((each) => {
    const [start = 0, end = 0] =
      each
        .split(" ", 1)[0]
        ?.split("-")
        .map((digits) => Number.parseInt(digits, 16)) ?? [];
    return start <= page && page < end;
  });
  const kilobytes = (field: string) => new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(mapping ?? "")?.[1];
  expect(kilobytes("Locked")).toBe(kilobytes("Size")); // the kernel joins neighbours of one kind
  expect(mapping).toMatch(/^VmFlags:.* lo .*\bdd\b/m);
});

test("pages are used again, never by two secrets at once", () => {
  const { libc: spy, pages } = spied();
  const memory = new SecretMemory(spy);
  const first = memory.keep(bytes(10));
  const second = memory.keep(bytes(20));
  first.wipe();
  const third = memory.keep(bytes(30));
  expect(pages).toHaveLength(2);
  expect([second.copy(), third.copy()]).toEqual([bytes(20), bytes(30)]);
  first.wipe();
  expect(third.copy()).toEqual(bytes(30));
  expect(memory.use().secrets).toBe(2);
});

test("over the system's limit, and without a C library, secrets are kept all the same, and that is told", () => {
  const over = new SecretMemory(spied({ mlock: () => -1 }).libc);
  const without = new SecretMemory(undefined);
  const noMemory = new SecretMemory(spied({ mmap: () => undefined }).libc);
  for (const memory of [over, without, noMemory]) {
    const secret = memory.keep(bytes(10));
    expect(secret.copy()).toEqual(bytes(10));
    expect(memory.use()).toEqual({ secrets: 1, lockedBytes: 0, unlockedBytes: 4096 });
    secret.wipe();
    expect(memory.use()).toEqual({ secrets: 0, lockedBytes: 0, unlockedBytes: 0 });
  }
});

test("500 credentials fit below the usual limit of 8 MiB", () => {
  const memory = new SecretMemory(spied({ mlock: () => 0 }).libc);
  for (let count = 0; count < 500; count++) memory.keep(bytes(6000));
  expect(memory.use().lockedBytes).toBeLessThan(8 * 1024 * 1024);
});
