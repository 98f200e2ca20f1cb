/**
 * Local times, in several zones around the changes of 2026: each zone in a process of its own, since a process has one. Python, as the
 * script, reads and writes the other side.
 */
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { formatExpiration, lifetimeOf } from "../../src/mutt-oauth2/expiration.ts";
import { maySkip } from "../vault/support.ts";
import { runProgram } from "./world.ts";

const MODULE = resolve(import.meta.dir, "../../src/mutt-oauth2/expiration.ts");
const HOUR = 3600;

/** The change of each zone's clocks in the night to that Sunday, seconds since the epoch. */
const CHANGES = [
  { zone: "Europe/Berlin", change: Date.UTC(2026, 9, 25, 1) / 1000, name: "autumn in Berlin" },
  { zone: "Europe/Berlin", change: Date.UTC(2026, 2, 29, 1) / 1000, name: "spring in Berlin" },
  { zone: "America/New_York", change: Date.UTC(2026, 10, 1, 6) / 1000, name: "autumn in New York" },
  { zone: "Australia/Lord_Howe", change: Date.UTC(2026, 3, 4, 15) / 1000, name: "autumn on Lord Howe, half an hour" },
  { zone: "Asia/Kathmandu", change: Date.UTC(2026, 5, 1) / 1000, name: "no change in Kathmandu" },
];

/** Every ten minutes, from five hours before to three hours after. */
function around(change: number): number[] {
  return Array.from({ length: 48 }, (_, index) => change - 5 * HOUR + index * 600 + 7);
}

async function inZone<T>(zone: string, program: string, code: string, input: unknown): Promise<T> {
  const env = { PATH: "/usr/bin:/bin", TZ: zone };
  const args = program === "python3" ? ["-c", code] : ["-e", code];
  const outcome = await runProgram(
    program === "python3" ? "/usr/bin/python3" : process.execPath,
    args,
    env,
    JSON.stringify(input),
  );
  expect(outcome.stderr).toBe("");
  return JSON.parse(outcome.stdout) as T;
}

const FORMAT = `
import { formatExpiration } from ${JSON.stringify(MODULE)};
const instants = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(instants.map((seconds) => formatExpiration(seconds * 1000))));
`;

/** When the script would take the token for valid although it has ended; and how early it takes it for over, in seconds. */
const SCRIPT_READS = `
import json, sys
from datetime import datetime
late, early = 0, 0
for end, text in json.load(sys.stdin):
    written = datetime.fromisoformat(text)
    late += sum(datetime.fromtimestamp(end + after) < written for after in range(0, 4 * 3600, 60))
    if datetime.fromtimestamp(end - 1) >= written:
        early = max(early, (datetime.fromtimestamp(end) - written).total_seconds())
print(json.dumps([late, early]))
`;

const SCRIPT_WRITES = `
import json, sys
from datetime import datetime, timedelta
print(json.dumps([(datetime.fromtimestamp(at) + timedelta(seconds=3600)).isoformat() for at in json.load(sys.stdin)]))
`;

const READ = `
import { lifetimeOf } from ${JSON.stringify(MODULE)};
const pairs = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(pairs.map(([at, text]) => lifetimeOf(text, at * 1000)?.lifetimeSeconds ?? null)));
`;

describe("formatExpiration", () => {
  test.skipIf(maySkip("python3")).each(CHANGES)(
    "never lets the script take a token for valid after its end: $name",
    async ({ zone, change }) => {
      const ends = around(change);
      const texts = await inZone<string[]>(zone, "bun", FORMAT, ends);
      const [late, early] = await inZone<[number, number]>(
        zone,
        "python3",
        SCRIPT_READS,
        ends.map((end, index) => [end, texts[index]]),
      );
      expect(late).toBe(0);
      expect(early).toBeLessThanOrEqual(HOUR);
    },
  );

  test("writes six digits after the second, which older Pythons insist on", () => {
    expect(formatExpiration(Date.UTC(2026, 5, 1, 12))).toMatch(/^2026-06-01T\d\d:\d\d:00\.000000$/);
  });
});

describe("lifetimeOf", () => {
  test.skipIf(maySkip("python3")).each(CHANGES)(
    "never makes more of what the script wrote than the hour it was given: $name",
    async ({ zone, change }) => {
      const written = around(change);
      const texts = await inZone<string[]>(zone, "python3", SCRIPT_WRITES, written);
      const lifetimes = await inZone<(number | null)[]>(
        zone,
        "bun",
        READ,
        written.map((at, index) => [at, texts[index]]),
      );
      for (const lifetime of lifetimes) {
        expect(lifetime).not.toBeNull();
        expect(lifetime ?? 0).toBeLessThanOrEqual(HOUR + 0.001);
      }
      // In spring an hour is missing, and the token is given up on a little early; never otherwise.
      const whole = lifetimes.filter((lifetime) => Math.abs((lifetime ?? 0) - HOUR) < 0.001);
      expect(whole.length).toBeGreaterThanOrEqual(lifetimes.length - 6);
    },
  );

  test("takes a time with a zone at its word", () => {
    const lifetime = lifetimeOf("2026-06-01T14:00:00+02:00", Date.UTC(2026, 5, 1, 11));
    expect(lifetime?.lifetimeSeconds).toBe(HOUR);
  });

  test.each(["", "soon", "2026-13-45", "2026-06-01", "2126-06-01T12:00:00", "2026-06-01T12:00:00.1234567"])(
    "makes nothing of %p",
    (text) => {
      expect(lifetimeOf(text, Date.UTC(2026, 5, 1, 11))).toBeUndefined();
    },
  );

  test("is not positive for a time before the file was written", () => {
    expect(lifetimeOf("2026-06-01T10:00:00", Date.UTC(2026, 5, 3))?.lifetimeSeconds).toBeLessThan(0);
  });
});
