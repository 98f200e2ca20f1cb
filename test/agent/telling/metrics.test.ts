import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Counter, Gauge, Histogram } from "../../../src/service/exposition.ts";
import { Metrics } from "../../../src/agent/telling/metrics.ts";
import { ADDRESS, AgentWorld, failed, HOUR_MS, TARGET } from "../world.ts";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The grammar of the text format, as a strict reader has it: each family has HELP and TYPE before its samples, names and labels are
 * well formed, no sample comes twice, and a histogram's buckets rise up to its count.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
 */
function parse(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let current = "";
  let help = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, word, name = "", rest = ""] = comment;
      if (word === "HELP") {
        if (families.has(name) || !/^(?:[^\\]|\\[\\n])*$/.test(rest)) throw new Error(`bad help: ${line}`);
        help = name;
      } else {
        if (help !== name || !/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`bad type: ${line}`);
        families.set(name, rest);
        current = name;
      }
      continue;
    }
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name = "", labelText = "", value = ""] = match;
    const type = families.get(current);
    const names = type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => current + end) : [current];
    if (!names.includes(name)) throw new Error(`outside of its family: ${line}`);
    if (type === "counter" && !name.endsWith("_total")) throw new Error(`a counter's name ends in _total: ${line}`);
    const key = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    samples.push({ name, labels: parseLabels(labelText), value: Number(value.replace("Inf", "Infinity")) });
  }
  for (const [name, type] of families) if (type === "histogram") checkBuckets(name, samples);
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const pattern = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`not labels: ${text.slice(at)}`);
    const [, name = "", value = ""] = match;
    if (name in labels) throw new Error(`a label twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_all, one: string) => (one === "n" ? "\n" : one));
  }
  return labels;
}

function checkBuckets(name: string, samples: readonly Sample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));
  const counts = buckets.map(({ value }) => value);
  const rises = (values: readonly number[]) => values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
  if (!rises(bounds) || !rises(counts) || bounds.at(-1) !== Infinity) throw new Error(`${name}: buckets do not rise`);
  if (counts.at(-1) !== samples.find((sample) => sample.name === `${name}_count`)?.value)
    throw new Error(`${name}: the last bucket is not the count`);
}

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
  parse(text).find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;

describe("the agent's metrics", () => {
  test("are well formed before anything has happened", () => {
    const text = metrics().write();
    expect(parse(text).length).toBeGreaterThan(10);
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
    expect(parse(gauge.write())).toEqual([{ name: "g", labels: { address: `${address}\n` }, value: 0.1 + 0.2 }]);
  });

  test("has its own words for what is no number, and exponents for large and small ones", () => {
    for (const value of [Number.NaN, Infinity, -Infinity, 1e-9, 1e21, -1.5])
      expect(parse(new Gauge("g", "h", () => [[{}, value]]).write())[0]?.value).toBe(value);
  });

  test("adds one metric's label sets up apart", () => {
    const counter = new Counter("c_total", "h");
    counter.add({ a: "1" });
    counter.add({ a: "2" }, 5);
    counter.add({ a: "1" });
    expect(parse(counter.write()).map(({ value }) => value)).toEqual([2, 5]);
  });

  test("counts what lies on a bound below it", () => {
    const histogram = new Histogram("h", "h", [1, 2]);
    for (const value of [1, 2, 3]) histogram.observe(value);
    expect(parse(histogram.write()).map(({ value }) => value)).toEqual([1, 2, 3, 6, 3]);
  });
});
