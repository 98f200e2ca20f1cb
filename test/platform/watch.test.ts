import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { watchFolders, type Watch } from "../../src/platform/watch.ts";

let home: string;
let folder: string;
let told: string[][];
let watch: Watch;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mailkey-watch-"));
  folder = join(home, "a", "b");
  told = [];
});
afterEach(() => {
  watch.close();
  rmSync(home, { recursive: true, force: true });
});

const start = () => {
  watch = watchFolders([folder], (names) => told.push([...names].toSorted()));
};
/** All names since the last call, once `isEnough`. */
const names = async (isEnough: (names: readonly string[]) => boolean = () => told.length > 0): Promise<string[]> => {
  for (let tries = 0; tries < 500; tries += 1) {
    if (isEnough(told.flat())) return told.splice(0).flat();
    await sleep(10);
  }
  throw new Error(`told only of ${JSON.stringify(told)}`);
};

test("what changes in a folder is told by name, what comes together at once, and temporary files not at all", async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "old"), "");
  start();
  for (const name of ["one", "two"]) {
    writeFileSync(join(folder, ".part"), "");
    renameSync(join(folder, ".part"), join(folder, name));
  }
  expect(await names((found) => found.length >= 2)).toEqual(["one", "two"]);
  rmSync(join(folder, "old"));
  expect(await names()).toEqual(["old"]);
});

test("a folder is watched as soon as it is there, with all that came with it", async () => {
  start();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "first"), "");
  expect(await names((found) => found.includes("first"))).toContain("first");
  writeFileSync(join(folder, "second"), "");
  expect(await names((found) => found.includes("second"))).toEqual(["second"]);
});

test("a folder that is removed is told of, and made anew it is watched again", async () => {
  mkdirSync(folder, { recursive: true });
  start();
  for (const name of ["again", "and again"]) {
    rmSync(join(home, "a"), { recursive: true });
    await names();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), "");
    expect(await names((found) => found.includes(name))).toContain(name);
  }
});

test("a folder that takes another's place at once is watched", async () => {
  mkdirSync(folder, { recursive: true });
  start();
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  await names();
  writeFileSync(join(folder, "here"), "");
  expect(await names((found) => found.includes("here"))).toContain("here");
});

test("nothing is told after the end", async () => {
  mkdirSync(folder, { recursive: true });
  start();
  writeFileSync(join(folder, "one"), "");
  watch.close();
  const other = watchFolders([folder], () => told.push(["other"]));
  writeFileSync(join(folder, "two"), "");
  expect(await names()).toEqual(["other"]);
  other.close();
});

test("a file in the way of a folder is no folder, and no end", async () => {
  writeFileSync(join(home, "a"), "");
  start();
  rmSync(join(home, "a"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "first"), "");
  expect(await names((found) => found.includes("first"))).toContain("first");
  rmSync(join(home, "a"), { recursive: true });
  writeFileSync(join(home, "a"), "");
  await names();
  rmSync(join(home, "a"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "second"), "");
  expect(await names((found) => found.includes("second"))).toContain("second");
});
