import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { openLibc } from "../../src/platform/libc.ts";
import { IDLE_ENVIRONMENT, withoutIdleEnvironment } from "../../src/platform/runtime.ts";
import { giveBackMemory } from "../../src/platform/spare-memory.ts";

test("other programs do not inherit what lets this process sleep", () => {
  expect(withoutIdleEnvironment({ ...IDLE_ENVIRONMENT, PATH: "/bin", HOME: undefined })).toEqual({
    PATH: "/bin",
    HOME: undefined,
  });
});

test.skipIf(process.platform !== "linux")("memory that only work needed is given back, code included", async () => {
  const libc = await openLibc();
  const resident = (kind: string) =>
    Number(new RegExp(`^${kind}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  JSON.parse(JSON.stringify(Array.from({ length: 100_000 }, (_, index) => ({ index }))));
  const before = resident("RssFile");
  giveBackMemory(libc);
  expect(resident("RssFile")).toBeLessThan(before - 5000);
  expect(JSON.stringify({ it: "goes on" })).toBe('{"it":"goes on"}');
});
