import { expect, test } from "bun:test";
import { Budget, DEFAULT_LIMITS } from "../../../src/agent/renewing/budget.ts";
import { Timeline } from "../../support/timeline.ts";

const { atOnce, perSecond, burst } = DEFAULT_LIMITS;

/** Work of 100 ms at a provider; notes when it began, and how much was under way at once. */
function setUp(limits = DEFAULT_LIMITS) {
  const timeline = new Timeline();
  const budget = new Budget({ nowMs: () => timeline.passedMs, alarm: timeline.alarm() }, limits);
  const begun: { name: string; atMs: number }[] = [];
  const load = { now: 0, most: 0 };
  const work = (name: string) => () =>
    timeline.run(async () => {
      begun.push({ name, atMs: timeline.passedMs });
      load.most = Math.max(load.most, ++load.now);
      await timeline.sleep(100);
      load.now -= 1;
    });
  return { timeline, budget, begun, load, work, names: () => begun.map(({ name }) => name) };
}

test("a provider is asked by so many at once and so often, and all are let in", async () => {
  const { timeline, budget, begun, load, work } = setUp();
  for (let index = 0; index < 100; index++) budget.enter("a", 0, work(`${index}`));
  await timeline.until(60_000);
  expect(begun).toHaveLength(100);
  expect(load.most).toBe(atOnce);
  for (const { atMs } of begun) {
    const inSecond = begun.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1000).length;
    expect(inSecond).toBeLessThanOrEqual(burst + perSecond);
  }
  const lastAtMs = begun.at(-1)?.atMs ?? 0;
  expect(lastAtMs).toBeGreaterThan(((100 - burst) / perSecond - 1) * 1000);
  expect(lastAtMs).toBeLessThan(((100 - burst) / perSecond + 1) * 1000);
});

test("providers do not share a budget", async () => {
  const { timeline, budget, names, work } = setUp();
  for (let index = 0; index < 50; index++) budget.enter("a", 0, work("a"));
  budget.enter("b", 0, work("b"));
  await timeline.until(0);
  expect(names().filter((name) => name === "b")).toHaveLength(1);
});

test("a program that waits goes first, then those without a token, then by what is left", async () => {
  const { timeline, budget, names, work } = setUp({ atOnce: 4, perSecond: 1, burst: 1 });
  budget.enter("a", 0, work("earlier"));
  budget.enter("a", 500, work("500 s"));
  budget.enter("a", 0, work("none"));
  budget.enter("a", 20, work("20 s"));
  const asked = budget.run("a", work("program"));
  await timeline.until(10_000);
  await asked;
  expect(names()).toEqual(["earlier", "program", "none", "20 s", "500 s"]);
});

test("a program does not wait for the places of renewals ahead: one of them may be waiting for it", async () => {
  const { timeline, budget, names, work } = setUp();
  const program = Promise.withResolvers<void>();
  for (let index = 0; index < atOnce; index++) budget.enter("a", 0, () => program.promise);
  void budget.run("a", work("program")).then(program.resolve);
  await timeline.until(100);
  expect(names()).toEqual(["program"]);
  await program.promise;
});

test("what is not wanted any more costs nothing", async () => {
  const { timeline, budget, begun, work } = setUp();
  for (let index = 0; index < 1000; index++) budget.enter("a", 0, () => undefined);
  for (let index = 0; index < atOnce; index++) budget.enter("a", 0, work("wanted"));
  await timeline.until(0);
  expect(begun).toHaveLength(atOnce);
});

test("a failure of the work is the caller's, and gives its place free", async () => {
  const { timeline, budget, names, work } = setUp();
  const failing = () => budget.run("a", () => Promise.reject(new Error("no")));
  const failures = Promise.allSettled(Array.from({ length: atOnce }, failing));
  budget.enter("a", 0, work("next"));
  await timeline.until(1000);
  expect((await failures).map(({ status }) => status)).toEqual(Array.from({ length: atOnce }, () => "rejected"));
  expect(names()).toEqual(["next"]);
});
