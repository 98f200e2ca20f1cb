import { expect, test } from "bun:test";
import { Lull } from "../../src/service/lull.ts";
import type { Alarm } from "../../src/platform/alarm.ts";

function watched() {
  let set = 0;
  let pending: (() => void) | undefined;
  const alarm: Alarm = {
    set(_afterMs, ring) {
      set += 1;
      pending = ring;
    },
    clear: () => undefined,
  };
  const lulls: string[] = [];
  const lull = new Lull(alarm, () => lulls.push("lull"));
  const ring = () => {
    const now = pending;
    pending = undefined;
    now?.();
  };
  return { lull, lulls, ring, isSet: () => pending !== undefined, set: () => set };
}

test("a lull begins once after work, and nothing is waited for then", () => {
  const { lull, lulls, ring, isSet, set } = watched();
  expect(isSet()).toBe(false);
  for (let answers = 0; answers < 100; answers++) lull.work();
  expect(set()).toBe(1);
  ring(); // some of the work came after it was set
  ring();
  expect([lulls.length, isSet()]).toEqual([1, false]);
  lull.work();
  ring();
  expect(lulls).toHaveLength(2);
});

test("a lull does not begin while there is work", () => {
  const { lull, lulls, ring, isSet } = watched();
  lull.work();
  for (let spells = 0; spells < 3; spells++) {
    lull.work();
    ring();
    expect([lulls.length, isSet()]).toEqual([0, true]);
  }
  ring();
  expect(lulls).toHaveLength(1);
});
