import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LastUses, lastUsedMs, readLastUses } from "../../../src/proxy/passwords/last-used.ts";
import type { KeptPassword } from "../../../src/proxy/passwords/store.ts";
import { fakeContext, type FakeContext } from "../../support/fake-context.ts";

const HOUR_MS = 60 * 60 * 1000;
const MADE_MS = Date.UTC(2026, 0, 1);

let context: FakeContext;
let nowMs: number;
let uses: LastUses;
beforeEach(() => {
  context = fakeContext();
  nowMs = MADE_MS + HOUR_MS;
  uses = new LastUses(context.paths, () => nowMs);
});
afterEach(() => context.dispose());

const kept = (device: string, madeMs = MADE_MS): KeptPassword => ({
  for: "anna@example.org",
  device,
  made: new Date(madeMs).toISOString(),
  hash: "",
});
const [scanner, phone] = [kept("scanner"), kept("old phone")];
const told = (each: KeptPassword) => lastUsedMs(readLastUses(context.paths), each);
async function note(each: KeptPassword, all = [scanner, phone]): Promise<void> {
  uses.note(each, all);
  await uses.settled();
}

test("a use is noted for its device, privately", async () => {
  await note(scanner);
  expect([told(scanner), told(phone)]).toEqual([nowMs, undefined]);
  expect(statSync(join(context.paths.state, "proxy", "last-used.json")).mode & 0o777).toBe(0o600);
});

test("uses are noted once an hour", async () => {
  const firstMs = nowMs;
  await note(scanner);
  nowMs += HOUR_MS - 1;
  await note(scanner);
  expect(told(scanner)).toBe(firstMs);
  nowMs += 1;
  await note(scanner);
  expect(told(scanner)).toBe(nowMs);
});

test("a password that took another's place has not been used yet, and is noted at once", async () => {
  await note(scanner);
  const next = kept("scanner", nowMs + 1);
  expect(told(next)).toBeUndefined();
  nowMs += 2;
  await note(next);
  expect(told(next)).toBe(nowMs);
});

test("another process of the proxy goes on where the first ended, without devices that are gone", async () => {
  await note(scanner);
  await note(phone);
  uses = new LastUses(context.paths, () => nowMs);
  const tablet = kept("tablet");
  await note(tablet, [phone, tablet]);
  expect([told(scanner), told(phone), told(tablet)]).toEqual([undefined, nowMs, nowMs]);
});

test("a file that is damaged, or cannot be written, keeps nobody out", async () => {
  const path = join(context.paths.state, "proxy", "last-used.json");
  mkdirSync(path, { recursive: true });
  await note(scanner);
  expect(told(scanner)).toBeUndefined();
  writeFileSync(join(path, "file"), "");
  context.dispose();
  writeFileSync(context.home, "a file in the place of the folder");
  nowMs += 2 * HOUR_MS;
  await note(scanner);
  expect(told(scanner)).toBeUndefined();
});
