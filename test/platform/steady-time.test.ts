import { describe, expect, test } from "bun:test";
import { startSteadyTime } from "../../src/platform/steady-time.ts";
import { FakeClock } from "../support/fake-clock.ts";

const HOUR = 3_600_000;

/** Both clocks of a process, and a time that follows them. */
function setUp(hasBootClock: boolean) {
  const clock = new FakeClock();
  clock.hasBootClock = hasBootClock;
  const process = { ms: 0 };
  const steady = startSteadyTime(clock, () => process.ms);
  const pass = (ms: number) => {
    clock.advance(ms);
    process.ms += ms;
  };
  return { clock, steady, pass };
}

describe.each([
  ["with a boot clock", true],
  ["without one", false],
])("a steady time, %s,", (_name, hasBootClock) => {
  test("counts what passes, suspends included", () => {
    const { clock, steady, pass } = setUp(hasBootClock);
    pass(1000);
    expect(steady()).toBe(1000);
    clock.advance(HOUR); // the process's own clock stands still
    expect(steady()).toBe(1000 + HOUR);
  });

  test("goes on when the wall clock is set back", () => {
    const { clock, steady, pass } = setUp(hasBootClock);
    clock.jump(-24 * HOUR);
    pass(1000);
    expect(steady()).toBe(1000);
    pass(1000);
    expect(steady()).toBe(2000);
  });
});

test("a steady time with a boot clock does not care about a wall clock that is set ahead", () => {
  const { clock, steady, pass } = setUp(true);
  clock.jump(24 * HOUR);
  pass(1000);
  expect(steady()).toBe(1000);
});
