import { afterEach, describe, expect, test } from "bun:test";
import { createAlarm, slicedAlarm, type Alarm } from "../../src/platform/alarm.ts";
import { openLibc } from "../../src/platform/libc.ts";

const nowMs = () => performance.now();
const libc = await openLibc();
const DAYS_30 = 30 * 86_400_000;

const made: Alarm[] = [];
afterEach(() => {
  for (const alarm of made.splice(0)) alarm.clear();
});
const own = (alarm: Alarm) => {
  made.push(alarm);
  return alarm;
};
/** Resolves with the milliseconds after which it rang. */
const ringing = (alarm: Alarm, afterMs: number) => {
  const start = nowMs();
  return new Promise<number>((resolve) => {
    alarm.set(afterMs, () => resolve(nowMs() - start));
  });
};
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("Linux has the kernel's timer", () => {
  expect(libc?.bootTimer() === undefined).toBe(process.platform !== "linux");
});

describe.each([
  ["of the kernel", () => own(createAlarm(libc, nowMs))],
  ["in slices", () => own(createAlarm(undefined, nowMs))],
  ["in slices of 3 ms", () => own(slicedAlarm(nowMs, 3))],
])("an alarm %s", (_name, create) => {
  test("rings, not early, and once", async () => {
    const alarm = create();
    let rings = 0;
    const start = nowMs();
    await new Promise<void>((resolve) => {
      alarm.set(30, () => {
        rings += 1;
        resolve();
      });
    });
    expect(nowMs() - start).toBeGreaterThanOrEqual(29.9);
    await ringing(create(), 40);
    expect(rings).toBe(1);
  });

  test("rings at once when the moment has passed already", async () => {
    await ringing(create(), 0);
    await ringing(create(), -5);
  });

  test("rings for what was set last", async () => {
    const alarm = create();
    const rung: string[] = [];
    alarm.set(10, () => rung.push("first"));
    alarm.set(20, () => rung.push("second"));
    await ringing(create(), 40);
    expect(rung).toEqual(["second"]);
  });

  test("can be set again while it rings", async () => {
    const alarm = create();
    await new Promise<void>((resolve) => {
      alarm.set(5, () => alarm.set(5, resolve));
    });
  });

  test("is silent when cleared, and of use afterwards", async () => {
    const alarm = create();
    let rings = 0;
    alarm.set(10, () => (rings += 1));
    alarm.clear();
    await ringing(create(), 30);
    expect(rings).toBe(0);
    await ringing(alarm, 5);
  });

  test("waits for a month, which runtimes' timers cannot, and does not disturb others", async () => {
    const alarm = create();
    let rings = 0;
    alarm.set(DAYS_30, () => (rings += 1));
    for (let round = 0; round < 3; round++) await ringing(create(), 5);
    expect(rings).toBe(0);
  });
});

test("an alarm in slices rings after a suspend although the runtime's timers stood still in it", async () => {
  let suspendedMs = 0;
  const alarm = own(slicedAlarm(() => nowMs() + suspendedMs, 5));
  const rung = ringing(alarm, DAYS_30);
  await sleep(20);
  suspendedMs = DAYS_30;
  await rung;
});

test("three alarms leave the runtime's threads free for files", async () => {
  const { readFile } = await import("node:fs/promises");
  for (let count = 0; count < 3; count++) own(createAlarm(libc, nowMs)).set(DAYS_30, () => undefined);
  expect((await readFile(import.meta.path)).length).toBeGreaterThan(0);
});
