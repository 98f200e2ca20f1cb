import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../src/doctor/configs/read.ts";

const MODULE = fileURLToPath(new URL("../../../src/doctor/configs/read.ts", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailkey-read-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a file is read through a link; a folder, and what is missing, is none", () => {
  writeFileSync(join(folder, "rc"), "text");
  symlinkSync("rc", join(folder, "link"));
  expect(readConfig(join(folder, "link"))).toBe("text");
  expect(readConfig(folder)).toBeUndefined();
  expect(readConfig(join(folder, "missing"))).toBeUndefined();
});

test("a pipe in a file's place is not waited for", () => {
  const pipe = join(folder, "rc");
  expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
  const script = `import { readConfig } from ${JSON.stringify(MODULE)}; console.log(readConfig(${JSON.stringify(pipe)}));`;
  // In a process of its own: who waits here waits for ever, and with all tests.
  const { stdout } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  expect(stdout).toBe("undefined\n");
});
