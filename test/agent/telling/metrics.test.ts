import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Counter, Gauge, Histogram } from "../../../src/service/exposition.ts";
import { Metrics } from "../../../src/agent/telling/metrics.ts";
import { ADDRESS, AgentWorld, failed, HOUR_MS, TARGET } from "../world.ts";
import { parseExposition } from "../../support/exposition.ts";

let world: AgentWorld;
beforeEach(() => {
  world = new AgentWorld();
});
afterEach(() => world.dispose());

const metrics = () =>
  new Metrics({
    clock: world.clock,
    provider: (address) => (address === ADDRESS ? "microsoft" : undefined),
    signInEnds: () => new Map([[ADDRESS, world.clock.wallMs + 90_000]]),
    clients: () => 3,
    memory: () => 12_345_678,
  });
const valueOf = (text: string, name: string, labels: Readonly<Record<string, string>> = {}) =>
  parseExposition(text).find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;

describe("the agent's metrics", () => {
  test("are well formed before anything has happened", () => {
    const text = metrics().write();
    expect(parseExposition(text).length).toBeGreaterThan(10);
    expect(valueOf(text, "mailkey_clients_total", { fate: "refused" })).toBe(0);
    expect(valueOf(text, "mailkey_build_info")).toBe(1);
    expect(valueOf(text, "process_resident_memory_bytes")).toBe(12_345_678);
    expect(valueOf(text, "mailkey_clients")).toBe(3);
  });

  test("count answers, renewals by provider and outcome, and clients", () => {
    const counted = metrics();
    counted.answered("hot", 0.0001);
    counted.answered("hot", 0.003);
    counted.answered("none", 99, "ERR_SIGN_IN_AGAIN");
    counted.clientEnded("timed_out");
    for (const event of [
      world.token(),
      world.token(false),
      failed("ERR_SIGN_IN_AGAIN"),
      failed("ERR_PROVIDER_UNAVAILABLE"),
    ])
      counted.observe(event);
    counted.observe(failed("ERR_CLIENT_REJECTED", "no", { ...TARGET, address: "other@test.example" }));
    const text = counted.write();
    expect(valueOf(text, "mailkey_answers_total", { source: "hot", outcome: "token" })).toBe(2);
    expect(valueOf(text, "mailkey_answers_total", { source: "none", outcome: "ERR_SIGN_IN_AGAIN" })).toBe(1);
    expect(valueOf(text, "mailkey_answer_seconds_bucket", { le: "0.005" })).toBe(2);
    expect(valueOf(text, "mailkey_answer_seconds_bucket", { le: "30" })).toBe(2);
    expect(valueOf(text, "mailkey_answer_seconds_count")).toBe(3);
    expect(valueOf(text, "mailkey_clients_total", { fate: "timed_out" })).toBe(1);
    for (const outcome of ["renewed", "refused", "unavailable"])
      expect(valueOf(text, "mailkey_renewals_total", { provider: "microsoft", outcome })).toBe(1);
    expect(valueOf(text, "mailkey_renewals_total", { provider: "unknown", outcome: "refused" })).toBe(1);
  });

  test("tell at the moment of asking how long tokens and sign-ins last, and forget accounts that are gone", () => {
    const measured = metrics();
    measured.observe(world.token());
    world.clock.advance(HOUR_MS / 2);
    expect(valueOf(measured.write(), "mailkey_token_expires_in_seconds", TARGET)).toBe(1800);
    expect(valueOf(measured.write(), "mailkey_sign_in_ends_in_seconds", { address: ADDRESS })).toBe(90);
    measured.observe({ kind: "gone", target: TARGET });
    expect(valueOf(measured.write(), "mailkey_token_expires_in_seconds")).toBeUndefined();
  });

  test("leave out tokens that nobody keeps fresh: they would seem to be overdue", () => {
    const measured = metrics();
    measured.observe(world.token(false, { ...TARGET, address: "shared@test.example" }));
    expect(valueOf(measured.write(), "mailkey_token_expires_in_seconds")).toBeUndefined();
  });

  test("say whether everything secret is forgotten", () => {
    const measured = metrics();
    measured.observe({ kind: "locked", reason: "asked" });
    expect(valueOf(measured.write(), "mailkey_locked")).toBe(1);
    measured.observe({ kind: "unlocked" });
    expect(valueOf(measured.write(), "mailkey_locked")).toBe(0);
  });

  test("hold no token", () => {
    const measured = metrics();
    measured.observe(world.token());
    expect(measured.write()).not.toContain("access-token-of");
  });
});

describe("the text format", () => {
  test("carries any address as a label", () => {
    const address = '"a\\b{c}=,d"@test.example';
    const gauge = new Gauge("g", 'help with \\ and "\nlines', () => [[{ address: `${address}\n` }, 0.1 + 0.2]]);
    expect(parseExposition(gauge.write())).toEqual([
      { name: "g", labels: { address: `${address}\n` }, value: 0.1 + 0.2 },
    ]);
  });

  test("has its own words for what is no number, and exponents for large and small ones", () => {
    for (const value of [Number.NaN, Infinity, -Infinity, 1e-9, 1e21, -1.5])
      expect(parseExposition(new Gauge("g", "h", () => [[{}, value]]).write())[0]?.value).toBe(value);
  });

  test("adds one metric's label sets up apart", () => {
    const counter = new Counter("c_total", "h");
    counter.add({ a: "1" });
    counter.add({ a: "2" }, 5);
    counter.add({ a: "1" });
    expect(parseExposition(counter.write()).map(({ value }) => value)).toEqual([2, 5]);
  });

  test("counts what lies on a bound below it", () => {
    const histogram = new Histogram("h", "h", [1, 2]);
    for (const value of [1, 2, 3]) histogram.observe(value);
    expect(parseExposition(histogram.write()).map(({ value }) => value)).toEqual([1, 2, 3, 6, 3]);
  });
});
