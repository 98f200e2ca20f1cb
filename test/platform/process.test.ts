import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { run } from "../../src/platform/process.ts";
import { failureOf } from "../vault/support.ts";

const MODULE = fileURLToPath(new URL("../../src/platform/process.ts", import.meta.url));

test("a program that cannot be given its arguments is an error of ours, not of the runtime's", async () => {
  const failure = await failureOf(run("true", ["x".repeat(4 * 1024 * 1024)]));
  expect(failure).toMatchObject({ code: "ERR_PROGRAM", message: "cannot run true" });
});

test("so is one that cannot be started because too many files are open", async () => {
  const script = `
    const { openSync } = await import("node:fs");
    const { run } = await import(${JSON.stringify(MODULE)});
    await run("true", [], { extraInput: "x" });
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    await run("true", [], { input: "x", extraInput: "x" }).catch((error) => console.log(error.code));
  `;
  const limited = ["-c", 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, script];
  expect(new TextDecoder().decode((await run("sh", limited)).stdout)).toBe("ERR_PROGRAM\n");
});
