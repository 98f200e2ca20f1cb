import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installProxy } from "../../src/cli/proxy-install.ts";
import { makeCertificate } from "../../src/proxy/certificate/made.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
});
afterEach(() => context.dispose());

test("mailkey proxy install --dry-run shows TLS where there is a certificate, and renews none that is due", async () => {
  const programs = join(context.home, "bin");
  mkdirSync(programs);
  writeFileSync(join(programs, "systemctl"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(programs, "systemctl"), 0o755);
  const { file, certificate, endsAtMs } = await makeCertificate(context.paths, context.clock, {});
  context.clock.advance(endsAtMs - context.clock.wallMs - 1000);
  await installProxy({ ...context, env: { ...context.env, PATH: programs } }, { "dry-run": true });
  expect(context.out()).toContain("FileDescriptorName=imaps");
  expect(readFileSync(file, "utf8")).toBe(certificate);
});
