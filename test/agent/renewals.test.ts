import { describe, expect, test } from "bun:test";
import { ModelTokens } from "../../bench/renewals/model.ts";
import { simulate } from "../../bench/renewals/simulate.ts";

/** What bench/renewals.ts shows for 500 accounts over three months, here for fewer and less. */
describe.each([1, 2, 3, 4])(
  "weeks of outages, 429, suspends, restarts, set clocks and revoked sign-ins, seed %p",
  (seed) => {
    test("leave nobody unserved, make nobody renew twice and cause no storm", async () => {
      const { findings, providers } = await simulate({
        seed,
        days: 14,
        accounts: 60,
        tokens: (world) => new ModelTokens(world),
      });
      expect(findings.problems).toEqual([]);
      expect(findings.needlessWaits).toBe(0);
      // It was a world that could have gone wrong.
      expect(findings.renewals).toBeGreaterThan(10_000);
      expect(findings.waits).toBeGreaterThan(20);
      expect(findings.revoked).toBeGreaterThan(0);
      expect(findings.unservedMs).toBeGreaterThan(0);
      expect(providers.some((provider) => findings.requestsInOutages(provider) > 10)).toBe(true);
    });
  },
);
