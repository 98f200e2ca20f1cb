/** What npm installs of the packages from a registry, with stand-ins for what is big. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../scripts/build/run.ts";
import { hostTarget, TARGETS } from "../../../scripts/build/targets.ts";
import { mainPackage, platformPackage } from "../../../scripts/release/npm.ts";
import { startRegistry } from "./registry.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const host = hostTarget();
const SETUP_TIMEOUT_MS = 60_000;

describe("npm install mailkey", () => {
  let base: string;
  let prefix: string;
  let downloads: readonly string[];
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "mailkey-npm-test-"));
    prefix = join(base, "prefix");
    for (const name of ["bundle", "prefix"]) mkdirSync(join(base, name));
    writeFileSync(join(base, "bundle/mailkey"), "");
    const source = { root, stamp: { commit: "abc1234", epochSeconds: 1_700_000_000 } };
    const archives = [await mainPackage(source, join(base, "bundle"), base)];
    for (const target of TARGETS.filter(({ os, cpu }) => os !== "win32" && cpu === host.cpu)) {
      const standIn = join(base, target.name);
      writeFileSync(standIn, `#!/bin/sh\nprintf '%s' "${target.name}"\nprintf ' <%s>' "$@"\n`);
      archives.push(await platformPackage({ source, target, executable: standIn, into: base, quick: false }));
    }
    const registry = await startRegistry(archives);
    try {
      const where = ["--prefix", prefix, "--cache", join(base, "cache"), "--registry", registry.url];
      await run("npm", ["install", "--global", "--no-audit", "--no-fund", "--no-update-notifier", ...where, "mailkey"]);
    } finally {
      registry.stop();
    }
    ({ downloads } = registry);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  test("downloads this platform's executable and no other", () => {
    expect([...downloads].toSorted()).toEqual([`@mailkey/${host.name}`, "mailkey"]);
  });

  test("starts it by npm's link, with the arguments as they are", async () => {
    expect(await run(join(prefix, "bin/mailkey"), ["token", "a b"])).toBe(`${host.name} <token> <a b>`);
  });

  test("installs the man page", () => {
    expect(readFileSync(join(prefix, "share/man/man1/mailkey.1"), "utf8")).toContain(".TH MAILKEY 1");
  });
});
