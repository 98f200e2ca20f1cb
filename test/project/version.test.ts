import { expect, test } from "bun:test";
import { VERSION } from "../../src/version.ts";

test("the version in the program is the package's", async () => {
  const { default: manifest } = (await import("../../package.json")) as { default: { version: string } };
  expect(VERSION).toBe(manifest.version);
});
