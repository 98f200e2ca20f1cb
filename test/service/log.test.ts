import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MESSAGES } from "../../src/agent/telling/messages.ts";
import { createLog, type LogValues } from "../../src/service/log.ts";
import { logObserver, logOccasion } from "../../src/agent/telling/log-events.ts";
import { fileSink, leadsToJournal, logPath } from "../../src/service/log-sinks.ts";
import { run } from "../../src/platform/process.ts";
import { Secret } from "../../src/platform/secret.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { ADDRESS, AgentWorld, failed, TARGET } from "../agent/world.ts";

let world: AgentWorld;
let lines: string[];
const logAt = (level: "error" | "warn" | "info" | "debug" = "debug") =>
  createLog(MESSAGES, world.clock, level, (line) => lines.push(line));

beforeEach(() => {
  world = new AgentWorld();
  lines = [];
});
afterEach(() => world.dispose());

describe("a line of the log", () => {
  test("is the time in UTC, the level, words, and values with names", () => {
    logAt()("token-renewed", {
      address: ADDRESS,
      resource: "outlook",
      seconds: 3600,
      forced: false,
      nothing: undefined,
    });
    expect(lines).toEqual([
      `2026-01-15T12:00:00.000Z info  token renewed address=${ADDRESS} resource=outlook seconds=3600 forced=false`,
    ]);
  });

  test("is one line without control characters, whatever is in a value", () => {
    logAt()("failing", { reason: 'a\nb\u001b[2J\u202e "c"\\', address: '"x y"@test.example' });
    expect(lines[0]).toEndWith('reason="a b [2J \\"c\\"\\\\" address="\\"x y\\"@test.example"');
  });

  test("is cut where a peer talks too much", () => {
    logAt()("failing", { reason: "word ".repeat(10_000) });
    expect(lines[0]?.length).toBeLessThan(400);
  });

  test.each([
    ["error", 1],
    ["warn", 2],
    ["info", 3],
    ["debug", 4],
  ] as const)("of lower importance than %s is left out", (level, count) => {
    const log = logAt(level);
    for (const name of ["failing", "renewal-failed", "token-renewed", "token-found"] as const) log(name);
    expect(lines).toHaveLength(count);
  });

  test("shows no secret, even to those who get past the types", () => {
    logAt()("started", { token: new Secret("the-secret") } as unknown as LogValues);
    expect(lines.join()).not.toContain("the-secret");
  });

  test("that cannot be written is no failure", () => {
    const log = createLog(MESSAGES, new FakeClock(), "info", () => {
      throw new Error("disk full");
    });
    expect(() => log("started")).not.toThrow();
  });
});

describe("the agent's events", () => {
  test("are logged without tokens", () => {
    const observe = logObserver(logAt());
    observe(world.token());
    observe(world.token(false));
    observe(failed("ERR_PROVIDER_UNAVAILABLE", "the provider answered 503"));
    observe({ kind: "gone", target: TARGET });
    observe({ kind: "locked", reason: "time" });
    observe({ kind: "unlocked" });
    const target = `address=${ADDRESS} resource=outlook`;
    expect(lines.map((line) => line.slice(25))).toEqual([
      `info  token renewed ${target} until=2026-01-15T13:00:00Z`,
      `debug token found in the vault ${target} until=2026-01-15T13:00:00Z`,
      `warn  token not renewed ${target} code=ERR_PROVIDER_UNAVAILABLE permanent=false left_seconds=0 reason="the provider answered 503"`,
      `info  account no longer served ${target}`,
      "info  everything secret is forgotten reason=time",
      "info  the vault is unlocked",
    ]);
  });

  test("and occasions say what to type", () => {
    const end = world.clock.wallMs;
    logOccasion(logAt(), {
      kind: "sign-in-ends",
      address: ADDRESS,
      resource: undefined,
      reason: "it ends",
      hint: `mailkey login ${ADDRESS}`,
      endsAtMs: end,
    });
    expect(lines[0]).toEndWith(
      `a sign-in ends soon address=${ADDRESS} reason="it ends" hint="mailkey login ${ADDRESS}" ends=2026-01-15T12:00:00Z`,
    );
  });
});

describe("the log's file", () => {
  test("is private, and with the one before it never larger than twice its limit", () => {
    const path = logPath(world.paths, "agent");
    const sink = fileSink(path, 1000);
    for (let count = 0; count < 100; count += 1) sink(`line ${count} ${"x".repeat(50)}`, "info");
    sink.close();
    const [now, before] = [path, `${path}.1`].map((each) => readFileSync(each, "utf8")) as [string, string];
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(lstatSync(`${path}.1`).mode & 0o777).toBe(0o600);
    expect(now.length).toBeLessThanOrEqual(1000);
    expect(before.length).toBeLessThanOrEqual(1000);
    const numbers = [...(before + now).matchAll(/^line (\d+)/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 100 - numbers.length + index));
  });

  test("is gone on with by the next agent", () => {
    const path = logPath(world.paths, "agent");
    for (const line of ["one", "two"]) {
      const sink = fileSink(path);
      sink(line, "info");
      sink.close();
    }
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  });

  test("is of bounded size, however often the agent starts anew", () => {
    const path = logPath(world.paths, "agent");
    for (let count = 0; count < 100; count += 1) {
      const sink = fileSink(path, 1000);
      sink("x".repeat(99), "info");
      sink.close();
    }
    expect(lstatSync(path).size).toBeLessThanOrEqual(1000);
  });

  test("takes a line that is longer than the limit", () => {
    const path = logPath(world.paths, "agent");
    const sink = fileSink(path, 10);
    sink("longer than ten", "info");
    expect(readFileSync(path, "utf8")).toBe("longer than ten\n");
    sink.close();
  });

  test("is not followed to where a link leads", () => {
    const path = logPath(world.paths, "agent");
    const elsewhere = join(world.home, "elsewhere");
    writeFileSync(elsewhere, "");
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    symlinkSync(elsewhere, path);
    expect(() => fileSink(path)("x", "info")).toThrow("ELOOP");
    expect(readFileSync(elsewhere, "utf8")).toBe("");
  });

  test("holds nobody up when it is a pipe that nobody reads", async () => {
    const path = logPath(world.paths, "agent");
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await run("mkfifo", [path]);
    expect(() => fileSink(path)("x", "info")).toThrow("ENXIO");
  });
});

test("the journal is known by the file behind the descriptor, not by the variable alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "mailkey-journal-"));
  const descriptor = openSync(join(folder, "stream"), "w");
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  expect(leadsToJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  expect(leadsToJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino}1` })).toBe(false);
  expect(leadsToJournal(descriptor, {})).toBe(false);
  rmSync(folder, { recursive: true });
});
