import { expect, test } from "bun:test";
import { startDetached } from "../../src/platform/detach.ts";

test.each([
  ["one that fails", ["/bin/sh", "-c", "exit 7"], 7],
  ["one that is killed", ["/bin/sh", "-c", "kill -9 $$"], -1],
  ["what is no program", ["/nowhere/at/all"], -1],
] as const)("whoever starts a program learns when %s has ended", async (_what, [program, ...args], status) => {
  const ended = await startDetached(program, args, {});
  while (ended() === undefined) await Bun.sleep(5);
  expect(ended()).toBe(status);
});
