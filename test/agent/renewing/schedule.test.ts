import { describe, expect, test } from "bun:test";
import { dueAfterRenewalMs, dueInMs, leadSeconds } from "../../../src/agent/renewing/schedule.ts";
import { requiredSeconds } from "../../../src/tokens/freshness.ts";

const DAY = 86_400;
const usual = { marginSeconds: 600 };
const fresh = (lifetimeSeconds: number) => ({ lifetimeSeconds, remainingSeconds: lifetimeSeconds });
/** Seconds that are left of a new token when it is due, at the earliest and at the latest. */
const leftWhenDue = (lifetime: number, ahead: Parameters<typeof dueInMs>[1]) =>
  [0, 0.999].map((random) => Math.round(lifetime - dueInMs(fresh(lifetime), ahead, random) / 1000));

describe("a token is renewed ahead of the moment at which the token path would do it on demand", () => {
  test.each([
    ["an hour's", 3600, [1200, 900]],
    ["a day's", DAY, [2400, 1501]],
    ["five minutes'", 300, [210, 180]],
    ["twelve seconds'", 12, [9, 8]],
  ])("%s", (_name, lifetime, expected) => {
    expect(leftWhenDue(lifetime, usual)).toEqual(expected);
  });

  test("for every lifetime and margin, and not as soon as it comes", () => {
    for (const lifetimeSeconds of [1, 2, 12, 60, 299, 900, 1200, 3599, 3600, 5400, DAY, 365 * DAY]) {
      for (const marginSeconds of [1, 60, 600, 3600]) {
        for (const renewAheadSeconds of [undefined, 1, 600, 3600, 300 * DAY]) {
          for (const random of [0, 0.5, 0.999]) {
            const ahead = { marginSeconds, renewAheadSeconds };
            const dueIn = dueInMs(fresh(lifetimeSeconds), ahead, random) / 1000;
            expect(dueIn).toBeGreaterThanOrEqual(lifetimeSeconds / 8);
            expect(lifetimeSeconds - dueIn).toBeGreaterThan(requiredSeconds({ lifetimeSeconds }, marginSeconds));
          }
        }
      }
    }
  });

  test("earlier when the user says so, and later", () => {
    expect(leftWhenDue(3600, { ...usual, renewAheadSeconds: 1800 })[0]).toBe(2400);
    expect(leftWhenDue(3600, { ...usual, renewAheadSeconds: 60 })[0]).toBe(660);
  });

  test("never later than the provider needs, whatever the user says", () => {
    const ahead = { ...usual, providerAheadSeconds: 270 * DAY };
    expect(leadSeconds(365 * DAY, ahead)).toBe(270 * DAY);
    expect(leadSeconds(365 * DAY, { ...ahead, renewAheadSeconds: 60 })).toBe(270 * DAY);
    expect(leadSeconds(3600, ahead)).toBe(2250);
  });
});

describe("after a renewal", () => {
  test("that brought a token that lasts longer, the next one follows from its age", () => {
    expect(dueAfterRenewalMs(fresh(3600), 2400, usual, 0)).toBe(2_400_000);
    expect(dueAfterRenewalMs(fresh(12), 3, usual, 0)).toBe(3000);
  });

  test("that brought the same token again, the provider is left alone for a part of what is left", () => {
    expect(dueAfterRenewalMs({ lifetimeSeconds: 3600, remainingSeconds: 1200 }, 0, usual, 0)).toBe(300_000);
    expect(dueAfterRenewalMs({ lifetimeSeconds: 3600, remainingSeconds: 10 }, 0, usual, 0)).toBe(60_000);
    expect(dueAfterRenewalMs({ lifetimeSeconds: 365 * DAY, remainingSeconds: 280 * DAY }, 2, usual, 0)).toBe(
      70 * DAY * 1000,
    );
  });

  test("there is a second at least before the next one", () => {
    expect(dueAfterRenewalMs({ lifetimeSeconds: 3600, remainingSeconds: 700 }, 500, usual, 0)).toBe(1000);
    expect(dueAfterRenewalMs({ lifetimeSeconds: 1, remainingSeconds: 0 }, 0, usual, 0)).toBe(1000);
  });
});
