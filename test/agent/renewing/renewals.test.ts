import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelTokens } from "../../../bench/renewals/model.ts";
import { simulate, type World } from "../../../bench/renewals/simulate.ts";
import { RealTokens } from "./real-tokens.ts";

/** What bench/renewals.ts shows for 500 accounts over three months, here for fewer and less. */
describe.each([
  { seed: 1, days: 10, accounts: 60 },
  { seed: 2, days: 10, accounts: 60 },
  { seed: 3, days: 10, accounts: 60 },
  { seed: 6, days: 3, accounts: 500 },
])("outages, 429, suspends, restarts, set clocks and revoked sign-ins: %j", (size) => {
  test("leave nobody unserved, make nobody renew twice and cause no storm", async () => {
    const { findings, providers } = await simulate({ ...size, tokens: (world) => new ModelTokens(world) });
    expect(findings.problems).toEqual([]);
    expect(findings.needlessWaits).toBe(0);
    // It was a world that could have gone wrong.
    expect(findings.renewals).toBeGreaterThan(10_000);
    expect(findings.waits).toBeGreaterThan(20);
    expect(findings.revoked).toBeGreaterThan(0);
    expect(findings.unservedMs).toBeGreaterThan(0);
    const inOutages = providers.flatMap((provider) => findings.requestsInOutages(provider));
    expect(inOutages.some(({ requests }) => requests > 10)).toBe(true);
  });
});

test("the token path itself keeps what the model of it promises", async () => {
  // Every renewal writes durably, some thousand times here: in memory where there is such a folder.
  const home = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "mailkey-renewals-"));
  try {
    const tokens = (world: World) => new RealTokens(world, home);
    const { findings } = await simulate({ seed: 7, days: 4, accounts: 10, tokens });
    expect(findings.problems).toEqual([]);
    expect(findings.needlessWaits).toBe(0);
    expect(findings.renewals).toBeGreaterThan(500);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
