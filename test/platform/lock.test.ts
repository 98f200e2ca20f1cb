import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tryLock } from "../../src/platform/lock.ts";

const HOLDER = fileURLToPath(new URL("../support/lock-holder.ts", import.meta.url));
const NODE = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailkey-lock-"));
  path = join(folder, "locks", "me@example.org.lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Another process that holds the lock and says so; it ends when killed. */
async function startHolder(runtime: string) {
  const child = spawn(
    runtime,
    [...(runtime === NODE ? ["--experimental-strip-types", "--no-warnings"] : []), HOLDER, path],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(child.stdout, "data");
  return child;
}

test("a lock is held by one at a time, also within a process", async () => {
  const first = await tryLock(path);
  expect(await tryLock(path)).toBeUndefined();
  first?.release();
  const second = await tryLock(path);
  expect(second).toBeDefined();
  second?.release();
});

test("a lock file never grows", async () => {
  (await tryLock(path))?.release();
  expect(readFileSync(path)).toHaveLength(0);
});

describe.each([
  ["Bun", process.execPath],
  ["Node", NODE],
])("a holder running on %s", (_name, runtime) => {
  test("keeps others out, and its kill -9 frees the lock", async () => {
    const holder = await startHolder(runtime);
    expect(await tryLock(path)).toBeUndefined();
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const lock = await tryLock(path);
    expect(lock).toBeDefined();
    lock?.release();
  });
});
