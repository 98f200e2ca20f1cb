/** Token files in a real folder in memory, driven by events. */
import { afterEach, beforeEach, expect, test } from "bun:test";

import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenFilePath } from "../../src/accounts/token-file.ts";
import type { Target } from "../../src/agent/event.ts";
import { TokenFiles } from "../../src/agent/token-files.ts";
import type { Alarm } from "../../src/platform/alarm.ts";
import { isInMemory } from "../../src/platform/memory-folder.ts";
import { Secret } from "../../src/platform/secret.ts";
import { FakeClock } from "../support/fake-clock.ts";

const HOUR_MS = 3_600_000;
const ANNA: Target = { address: "anna@mail.test", resource: "outlook" };
const BERTA: Target = { address: "berta@mail.test", resource: "outlook" };

class FakeAlarm implements Alarm {
  afterMs: number | undefined;
  #ring: () => void = () => undefined;

  set(afterMs: number, ring: () => void): void {
    this.afterMs = afterMs;
    this.#ring = ring;
  }

  clear(): void {
    this.afterMs = undefined;
  }

  ring(): void {
    this.#ring();
  }
}

let root: string;
let clock: FakeClock;
let alarm: FakeAlarm;
let warnings: string[];
let wanted: readonly string[];
let files: TokenFiles;

const paths = () => ({ config: join(root, "config"), state: join(root, "state"), runtime: join(root, "run") });
const folder = () => join(root, "run/tokens");
const pathOf = ({ address }: Target) => tokenFilePath(paths(), address);
const names = () => (existsSync(folder()) ? readdirSync(folder()) : []);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mailkey-token-files-"));
  clock = new FakeClock();
  alarm = new FakeAlarm();
  warnings = [];
  wanted = [ANNA.address, BERTA.address];
  files = tokenFiles();
});
afterEach(() => rmSync(root, { recursive: true }));

function tokenFiles(inMemory: (path: string) => boolean = () => true): TokenFiles {
  return new TokenFiles({
    paths: paths(),
    clock,
    alarm,
    wants: ({ address, resource }) => wanted.includes(address) && resource === "outlook",
    isInMemory: inMemory,
    warn: (message) => warnings.push(message),
  });
}

function bring(target: Target, value: string, lastsMs = HOUR_MS, obtainedAt = clock.now()): void {
  const token = {
    value: new Secret(value),
    resource: target.resource,
    scope: "",
    obtainedAt,
    expiresAtMs: clock.wallMs + lastsMs,
    lifetimeSeconds: lastsMs / 1000,
  };
  files.observe({ kind: "token", target, token, isNew: true });
}

test("a token is in its file, with a newline, for its owner alone", () => {
  bring(ANNA, "tok-1");
  expect(readFileSync(pathOf(ANNA), "utf8")).toBe("tok-1\n");
  expect(statSync(pathOf(ANNA)).mode & 0o777).toBe(0o600);
  for (const each of [folder(), join(root, "run")]) expect(statSync(each).mode & 0o777).toBe(0o700);
  bring(ANNA, "tok-2");
  expect(readFileSync(pathOf(ANNA), "utf8")).toBe("tok-2\n");
  expect(names()).toEqual(["anna@mail.test"]);
  expect(files.addresses).toEqual([ANNA.address]);
  expect(warnings).toEqual([]);
});

test("a reader that has opened the file when it is replaced reads the old token, whole", () => {
  bring(ANNA, "old-and-longer");
  const reader = openSync(pathOf(ANNA), "r");
  bring(ANNA, "new");
  expect(readFileSync(reader, "utf8")).toBe("old-and-longer\n");
  closeSync(reader);
});

test("nothing is kept of an account that does not ask for it, nor of a resource that is not the usual one", () => {
  wanted = [];
  bring(ANNA, "tok");
  wanted = [ANNA.address];
  bring({ ...ANNA, resource: "graph" }, "graph-tok");
  expect(names()).toEqual([]);
});

test("a lock removes all, and what a renewal under way still brings is not kept until it is unlocked", () => {
  bring(ANNA, "a");
  bring(BERTA, "b");
  files.observe({ kind: "locked", reason: "asked" });
  bring(ANNA, "late");
  expect(names()).toEqual([]);
  expect(alarm.afterMs).toBeUndefined();
  files.observe({ kind: "unlocked" });
  bring(ANNA, "again");
  expect(names()).toEqual(["anna@mail.test"]);
});

test("an account that is gone takes its file along; another resource of it does not", () => {
  bring(ANNA, "a");
  bring(BERTA, "b");
  files.observe({ kind: "gone", target: { ...ANNA, resource: "graph" } });
  files.observe({ kind: "gone", target: BERTA });
  expect(names()).toEqual(["anna@mail.test"]);
});

test("a review removes what is wanted no more", () => {
  bring(ANNA, "a");
  bring(BERTA, "b");
  wanted = [BERTA.address];
  files.review();
  expect(names()).toEqual(["berta@mail.test"]);
});

test("a token is removed at its end, and one alarm serves all", () => {
  bring(ANNA, "a", HOUR_MS);
  bring(BERTA, "b", 2 * HOUR_MS);
  expect(alarm.afterMs).toBe(HOUR_MS);
  clock.advance(HOUR_MS);
  alarm.ring();
  expect(names()).toEqual(["berta@mail.test"]);
  expect(alarm.afterMs).toBe(HOUR_MS);
  clock.advance(HOUR_MS);
  alarm.ring();
  expect(names()).toEqual([]);
  expect(alarm.afterMs).toBeUndefined();
});

test("a renewal in time keeps the file, and so does a failed one while the token is valid", () => {
  bring(ANNA, "a", HOUR_MS);
  clock.advance(HOUR_MS / 2);
  bring(ANNA, "a2", HOUR_MS);
  clock.advance(HOUR_MS / 2);
  alarm.ring();
  expect(readFileSync(pathOf(ANNA), "utf8")).toBe("a2\n");
});

test("a token that was read before a renewal, and comes after it, is not what is kept", () => {
  const earlier = clock.now();
  clock.advance(1000);
  bring(ANNA, "new");
  bring(ANNA, "old", HOUR_MS, earlier);
  expect(readFileSync(pathOf(ANNA), "utf8")).toBe("new\n");
});

test("a clock that is set keeps no token longer", () => {
  bring(ANNA, "a", HOUR_MS);
  clock.jump(-24 * HOUR_MS);
  clock.advance(HOUR_MS);
  alarm.ring();
  expect(names()).toEqual([]);
});

test("a token that is over is not written", () => {
  bring(ANNA, "a", 0);
  expect(names()).toEqual([]);
});

test("what a killed agent left is gone when the next one starts, temporary files included", () => {
  bring(ANNA, "a");
  writeFileSync(join(folder(), ".anna@mail.test.77.aa.tmp"), "half");
  tokenFiles().start();
  expect(names()).toEqual([]);
  expect(warnings).toEqual([]);
});

test("a planted link in a file's place is replaced, and what it led to stays as it is", () => {
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  chmodSync(join(root, "run"), 0o700);
  const victim = join(root, "victim");
  writeFileSync(victim, "mine");
  symlinkSync(victim, pathOf(ANNA));
  bring(ANNA, "a");
  expect(readFileSync(victim, "utf8")).toBe("mine");
  expect(lstatSync(pathOf(ANNA)).isFile()).toBe(true);
});

test("nothing is written through a link in the folder's place, nor removed", () => {
  const elsewhere = join(root, "elsewhere");
  mkdirSync(elsewhere, { mode: 0o700 });
  writeFileSync(join(elsewhere, "letter"), "mine");
  mkdirSync(join(root, "run"), { mode: 0o700 });
  symlinkSync(elsewhere, folder());
  files.start();
  bring(ANNA, "a");
  expect(readdirSync(elsewhere)).toEqual(["letter"]);
  expect(warnings).toEqual([`no token files: ${folder()} is not a folder`]);
  expect(files.problem).toBe(warnings[0]);
});

test("a folder that others can get into holds no token", () => {
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  chmodSync(join(root, "run"), 0o700);
  chmodSync(folder(), 0o750);
  bring(ANNA, "a");
  expect(names()).toEqual([]);
  expect(warnings).toEqual([`no token files: other users can get into ${folder()}`]);
  chmodSync(folder(), 0o700);
  bring(ANNA, "a");
  expect(names()).toEqual(["anna@mail.test"]);
  expect(files.problem).toBeUndefined();
});

test("what is still wrong after the settings were read again is said again", () => {
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  chmodSync(join(root, "run"), 0o700);
  chmodSync(folder(), 0o750);
  for (const token of ["a", "b"]) bring(ANNA, token);
  expect(warnings).toHaveLength(1);
  files.review();
  expect(files.problem).toBeUndefined();
  bring(ANNA, "c");
  expect(warnings).toHaveLength(2);
});

test("on a disk nothing is written, which is said once", () => {
  files = tokenFiles(() => false);
  bring(ANNA, "a");
  bring(BERTA, "b");
  expect(existsSync(join(root, "run"))).toBe(false);
  expect(warnings).toEqual([`no token files: ${root}/run is not on a file system in memory (tmpfs)`]);
});

test("a token that cannot be written takes nothing from the one that is there, and throws nothing", () => {
  bring(ANNA, "a");
  rmSync(pathOf(ANNA));
  mkdirSync(join(pathOf(ANNA), "in the way"), { recursive: true });
  bring(ANNA, "b");
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toStartWith(`cannot write ${pathOf(ANNA)}: `);
  expect(names()).toEqual(["anna@mail.test"]);
});

test.if(process.platform === "linux")("memory is told from disk, for a folder that is not there yet too", () => {
  expect(isInMemory("/dev/shm/no/such/folder")).toBe(true);
  expect(isInMemory("/proc/self")).toBe(false);
  expect(isInMemory(join(import.meta.dir, "none"))).toBe(false);
});
