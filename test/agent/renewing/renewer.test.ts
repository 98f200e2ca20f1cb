import { describe, expect, test } from "bun:test";
import { Budget } from "../../../src/agent/renewing/budget.ts";
import type { Target } from "../../../src/agent/event.ts";
import { Renewer } from "../../../src/agent/renewing/renewer.ts";
import type { Attempt } from "../../../src/agent/renewing/renewal.ts";
import { MailkeyError, type ErrorCode } from "../../../src/errors.ts";
import type { TokenTimes } from "../../../src/agent/renewing/schedule.ts";
import { Timeline } from "../../support/timeline.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ORIGIN = "https://login.example";

interface Asked {
  readonly address: string;
  readonly minTtlSeconds: number;
  readonly atMs: number;
}

/** A renewer in simulated time. `answer` is what every attempt comes to, after 200 ms. */
function setUp(answer: (asked: Asked) => Attempt = () => fresh()) {
  const timeline = new Timeline();
  const nowMs = () => timeline.passedMs;
  const asked: Asked[] = [];
  const reports: Attempt[] = [];
  const rings: number[] = [];
  const alarm = timeline.alarm();
  const world = { answer };
  const renewer = new Renewer({
    nowMs,
    random: () => 0.5,
    budget: new Budget({ nowMs, alarm: timeline.alarm() }),
    alarm: {
      set: (ms, ring) =>
        alarm.set(ms, () => {
          rings.push(timeline.passedMs);
          ring();
        }),
      clear: () => alarm.clear(),
    },
    renew: ({ address }, minTtlSeconds) =>
      timeline.run(async () => {
        const question = { address, minTtlSeconds, atMs: timeline.passedMs };
        asked.push(question);
        await timeline.sleep(200);
        return world.answer(question);
      }),
    report: (_target, attempt) => reports.push(attempt),
  });
  renewer.start();
  const set = (address: string, token?: number | TokenTimes, origin = ORIGIN) =>
    renewer.set(
      { target: target(address), origin, ahead: { marginSeconds: 600 } },
      typeof token === "number" ? { remainingSeconds: token, lifetimeSeconds: 3600 } : token,
    );
  const times = () => asked.map(({ atMs }) => atMs);
  return { timeline, renewer, asked, reports, rings, set, times, world };
}

const target = (address: string): Target => ({ address, resource: "outlook" });
const fresh = (lifetimeSeconds = 3600, isNew = true): Attempt => ({
  kind: "fresh",
  remainingSeconds: lifetimeSeconds,
  lifetimeSeconds,
  isNew,
});
const failed = (code: ErrorCode, change: Partial<Extract<Attempt, { kind: "failed" }>> = {}): Attempt => ({
  kind: "failed",
  error: new MailkeyError(code, "no"),
  isPermanent: false,
  retryAfterMs: undefined,
  remainingSeconds: 0,
  ...change,
});
const DOWN = failed("ERR_PROVIDER_UNAVAILABLE");
const gaps = (times: readonly number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));

describe("a token", () => {
  test("that nobody has yet is asked for at once, and then ahead of each end", async () => {
    const { timeline, set, asked, times } = setUp();
    set("me");
    await timeline.until(3 * HOUR);
    expect(asked[0]).toEqual({ address: "me", minTtlSeconds: 1, atMs: 0 });
    expect(times()).toHaveLength(5);
    for (const gap of gaps(times())) expect(Math.abs(gap - 2550 * SECOND)).toBeLessThan(SECOND);
    expect(asked[1]?.minTtlSeconds).toBe(1051); // anything that lasts longer than the one in hand
  });

  test("that another process has renewed meanwhile is taken as it is", async () => {
    const { timeline, set, times } = setUp(() => fresh(3000, false));
    set("me", 1300);
    await timeline.until(HOUR);
    expect(times()).toEqual([250 * SECOND + 10, (250 + 2025) * SECOND + 220]);
  });

  test("that is the same one again is not asked for in a circle, and its successor is not missed", async () => {
    const endsAtMs = 1400 * SECOND;
    const left = (atMs: number) => (endsAtMs - atMs - 200) / SECOND;
    const { timeline, set, asked, times } = setUp(({ atMs }) => fresh(left(atMs) > 60 ? left(atMs) : 3600));
    set("me", 1400);
    await timeline.until(HOUR);
    expect(asked.length).toBeLessThan(12);
    expect(Math.max(...times().filter((atMs) => atMs < endsAtMs))).toBeGreaterThan(endsAtMs - 60 * SECOND);
  });

  test("of a second, as its record says each time, is not asked for in a circle", async () => {
    const { timeline, set, times, world } = setUp();
    const times1 = { remainingSeconds: 1, lifetimeSeconds: 1 };
    world.answer = () => {
      timeline.after(100, () => set("me", times1));
      return fresh(1);
    };
    set("me", times1);
    await timeline.until(MINUTE);
    expect(times().length).toBeLessThanOrEqual(60);
    expect(times().length).toBeGreaterThan(30);
  });

  test("is left alone once it is removed", async () => {
    const { timeline, renewer, set, asked } = setUp();
    set("me", 3600);
    renewer.remove(target("me"));
    await timeline.until(HOUR);
    expect(asked).toEqual([]);
  });

  test("that a program has had renewed is not renewed again", async () => {
    const { timeline, renewer, set, times } = setUp();
    set("me", 1300);
    await timeline.until(MINUTE);
    renewer.observe(target("me"), fresh());
    await timeline.until(40 * MINUTE);
    expect(times()).toEqual([]);
    await timeline.until(HOUR);
    expect(times()).toEqual([MINUTE + 2550 * SECOND + 10]);
  });

  test("is not asked for twice at once, and what its attempt brought counts although its account was set anew", async () => {
    const { timeline, set, times, reports } = setUp();
    set("me");
    await timeline.until(100);
    set("me", 3600);
    await timeline.until(30 * MINUTE);
    expect(times()).toEqual([0]);
    expect(reports).toHaveLength(1);
  });
});

describe("between two moments at which something is due", () => {
  test("nothing happens, whoever the accounts belong to", async () => {
    const { timeline, set, asked, rings } = setUp();
    for (let index = 0; index < 100; index++) set(`${index}`, 1300 + index, `https://${index % 5}.example`);
    await timeline.until(20 * MINUTE);
    expect(asked).toHaveLength(100);
    expect(rings.length).toBeLessThanOrEqual(100);
  });
});

describe("an outage", () => {
  test("is met by few, found out about by one, and over for all within ten minutes of its end", async () => {
    const { timeline, set, asked, reports, world } = setUp(() => DOWN);
    for (let index = 0; index < 500; index++) set(`${index}`);
    await timeline.until(6 * HOUR);
    expect(asked.length).toBeLessThan(4 + (6 * HOUR) / (110 * SECOND));
    expect(new Set(asked.map(({ address }) => address)).size).toBeGreaterThan(100);
    const failures = reports.length;
    world.answer = () => fresh();
    await timeline.until(6 * HOUR + 10 * MINUTE);
    expect(reports.length - failures).toBe(500);
  });

  test("of one provider does not concern another", async () => {
    const { timeline, set, times } = setUp(({ address }) => (address === "other" ? fresh() : DOWN));
    for (let index = 0; index < 20; index++) set(`${index}`);
    await timeline.until(10 * MINUTE);
    const before = times().length;
    set("other", undefined, "https://other.example");
    await timeline.until(10 * MINUTE + 200);
    expect(times().slice(before)).toContain(10 * MINUTE);
  });

  test("is not what one broken account has: the others go on, and the broken one is asked for ever less", async () => {
    const { timeline, set, asked } = setUp(({ address }) => (address === "broken" ? DOWN : fresh()));
    for (let index = 0; index < 20; index++) set(`${index}`, 1100 + index * 100);
    set("broken");
    await timeline.until(10 * HOUR);
    const broken = asked.filter(({ address }) => address === "broken").map(({ atMs }) => atMs);
    expect(asked.length - broken.length).toBeGreaterThan(20 * 13);
    expect(Math.min(...gaps(broken).slice(7))).toBeGreaterThan(119 * SECOND);
  });

  test("is found out about by another one each time, though their accounts are set anew", async () => {
    const { timeline, set, asked } = setUp(() => DOWN);
    const addresses = Array.from({ length: 10 }, (_, index) => `${index}`);
    for (const address of addresses) set(address);
    await timeline.until(HOUR);
    const before = asked.length;
    for (let ms = HOUR; ms < 2 * HOUR; ms += 30 * SECOND) {
      for (const address of addresses) set(address);
      await timeline.until(ms);
    }
    const askers = asked.slice(before, before + 10).map(({ address }) => address);
    expect(new Set(askers).size).toBe(10);
  });

  test("is not what fails on this machine itself", async () => {
    const { timeline, set, asked } = setUp(() => failed("ERR_STORAGE"));
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(10 * MINUTE);
    set("later");
    await timeline.until(10 * MINUTE + 5 * SECOND);
    expect(asked.find(({ address }) => address === "later")?.atMs).toBeLessThan(10 * MINUTE + 2 * SECOND);
  });

  test("ends for all when it has ended for a program that waited", async () => {
    const { timeline, renewer, set, reports, world } = setUp(() => DOWN);
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(HOUR);
    const failures = reports.length;
    world.answer = () => fresh();
    renewer.observe(target("0"), fresh());
    await timeline.until(HOUR + 2 * SECOND);
    expect(reports.length - failures).toBe(9);
  });

  test("ends for one that has just failed, too", async () => {
    const { timeline, renewer, set, asked, times, world } = setUp(() => DOWN);
    set("me");
    set("you");
    const isJustTried = () => timeline.passedMs > HOUR && asked.at(-1)?.address === "me";
    while (!isJustTried()) await timeline.until(timeline.passedMs + SECOND);
    await timeline.until(timeline.passedMs + SECOND);
    world.answer = () => fresh();
    const before = times().length;
    renewer.observe(target("you"), fresh());
    await timeline.until(timeline.passedMs + SECOND);
    expect(asked.slice(before).map(({ address }) => address)).toEqual(["me"]);
  });

  test("is not over when a program is given a token that was there already", async () => {
    const { timeline, renewer, set, times } = setUp(() => DOWN);
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(HOUR);
    const before = times().length;
    renewer.observe(target("0"), fresh(3600, false));
    await timeline.until(HOUR + 2 * SECOND);
    expect(times().length - before).toBeLessThanOrEqual(1);
  });

  test("is found out about in time, however often a program fails for an account of its own", async () => {
    const { timeline, renewer, set, asked, world } = setUp(() => DOWN);
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(HOUR);
    world.answer = ({ address }) => (address === "0" ? DOWN : fresh());
    for (let ms = HOUR; ms < HOUR + 10 * MINUTE; ms += 20 * SECOND) {
      renewer.observe(target("0"), DOWN);
      await timeline.until(ms);
    }
    const served = new Set(asked.filter(({ atMs }) => atMs > HOUR).map(({ address }) => address));
    expect(served.size).toBeGreaterThanOrEqual(9);
  });

  test("is looked at again at once when the network is back", async () => {
    const { timeline, renewer, set, reports, world } = setUp(() => DOWN);
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(HOUR);
    const failures = reports.length;
    world.answer = () => fresh();
    renewer.kick();
    await timeline.until(HOUR + 3 * SECOND);
    expect(reports.length - failures).toBe(10);
  });

  test("that a suspend was slept through is looked at again upon waking up", async () => {
    const { timeline, set, times } = setUp(() => DOWN);
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(HOUR);
    timeline.skip(8 * HOUR);
    await timeline.until(9 * HOUR + 30 * SECOND);
    expect(times().filter((atMs) => atMs >= 9 * HOUR).length).toBeGreaterThan(3);
  });
});

describe("Retry-After", () => {
  const busy = failed("ERR_PROVIDER_UNAVAILABLE", { retryAfterMs: 15 * MINUTE });

  test("is obeyed by the account that was told", async () => {
    const { timeline, renewer, set, times } = setUp(() => busy);
    set("me");
    await timeline.until(MINUTE);
    renewer.kick();
    await timeline.until(20 * MINUTE);
    expect(times()).toHaveLength(2);
    expect(gaps(times())[0]).toBeGreaterThanOrEqual(15 * MINUTE);
  });

  test("told to more than one account has the provider's others look every four minutes, and no sooner", async () => {
    const { timeline, set, times } = setUp(() => busy);
    for (let index = 0; index < 100; index++) set(`${index}`);
    await timeline.until(15 * MINUTE);
    const later = gaps(times()).filter((gap) => gap >= 4 * MINUTE);
    expect(later).toHaveLength(3);
    expect(times().length - later.length).toBeLessThanOrEqual(5); // those that were under way until a second one had been told
  });

  test("is obeyed although something has changed while it was on its way", async () => {
    const { timeline, renewer, set, times } = setUp(() => busy);
    set("me");
    await timeline.until(100);
    renewer.kick();
    await timeline.until(14 * MINUTE);
    expect(times()).toHaveLength(1);
  });

  test("is not shortened by what a program is told", async () => {
    const { timeline, renewer, set, times } = setUp(() => busy);
    set("me");
    await timeline.until(MINUTE);
    renewer.observe(target("me"), failed("ERR_PROVIDER_UNAVAILABLE", { retryAfterMs: SECOND }));
    await timeline.until(14 * MINUTE);
    expect(times()).toHaveLength(1);
  });

  test("is not over when a program is given the token in hand", async () => {
    const { timeline, renewer, set, times } = setUp(() => ({ ...busy, remainingSeconds: 800 }));
    set("me", 800);
    await timeline.until(SECOND);
    renewer.observe(target("me"), { kind: "fresh", isNew: false, remainingSeconds: 799.2, lifetimeSeconds: 3600 });
    await timeline.until(14 * MINUTE);
    expect(times()).toHaveLength(1);
  });

  test("that only one account is told in an outage does not keep the others waiting", async () => {
    const { timeline, set, reports, world } = setUp(() => DOWN);
    for (let index = 0; index < 10; index++) set(`${index}`);
    await timeline.until(HOUR);
    const failures = reports.length;
    world.answer = ({ address }) => (address === "3" ? busy : fresh());
    await timeline.until(HOUR + 9 * MINUTE);
    expect(reports.slice(failures).filter(({ kind }) => kind === "fresh")).toHaveLength(9);
  });

  test("of days is not believed", async () => {
    const { timeline, set, times } = setUp(() => ({ ...busy, retryAfterMs: 9 * 24 * HOUR }));
    set("me");
    await timeline.until(2 * HOUR);
    expect(times()).toHaveLength(2);
  });
});

describe("what a person has to mend", () => {
  const refused = failed("ERR_SIGN_IN_AGAIN", { isPermanent: true });

  test("is tried again after an hour, or at once when something about the account changes", async () => {
    const { timeline, renewer, set, times } = setUp(() => refused);
    set("me");
    await timeline.until(MINUTE);
    renewer.kick();
    await timeline.until(60 * MINUTE);
    expect(times()).toHaveLength(1);
    await timeline.until(70 * MINUTE);
    expect(times()).toHaveLength(2);
    set("me");
    await timeline.until(71 * MINUTE);
    expect(times()).toHaveLength(3);
  });

  test("is not believed of a program: the account may be mended by then", async () => {
    const { timeline, renewer, set, times } = setUp();
    set("me", 1300);
    renewer.observe(target("me"), failed("ERR_SIGN_IN_AGAIN", { isPermanent: true, remainingSeconds: 1300 }));
    await timeline.until(10 * MINUTE);
    expect(times()).toHaveLength(1);
  });

  test("is nothing to try when nobody is signed in", async () => {
    const { timeline, set, times } = setUp(() => ({ kind: "idle" }));
    set("me");
    await timeline.until(24 * HOUR);
    expect(times()).toHaveLength(1);
    set("me");
    await timeline.until(25 * HOUR);
    expect(times()).toHaveLength(2);
  });

  test("is tried again when somebody says that they have mended something", async () => {
    const { timeline, renewer, set, times, world } = setUp(() => ({ kind: "idle" }));
    for (const address of ["me", "you"]) set(address);
    await timeline.until(HOUR);
    renewer.kick(); // the network's return mends no account
    await timeline.until(2 * HOUR);
    expect(times()).toHaveLength(2);
    renewer.reconsider();
    await timeline.until(3 * HOUR);
    expect(times()).toHaveLength(4);
    world.answer = () => fresh();
    renewer.vaultUnlocked();
    await timeline.until(3 * HOUR + SECOND);
    expect(times()).toHaveLength(6);
  });

  test("is over when a program has had its token, though that is the one that was known", async () => {
    const { timeline, renewer, set, times } = setUp(() => ({ kind: "idle" }));
    set("me", 1000);
    await timeline.until(MINUTE);
    expect(times()).toHaveLength(1);
    renewer.observe(target("me"), { kind: "fresh", isNew: false, remainingSeconds: 940, lifetimeSeconds: 3600 });
    await timeline.until(HOUR);
    expect(times()).toHaveLength(2);
  });

  test("says nothing about the account when it was mended while the attempt was under way", async () => {
    const { timeline, set, reports, times, world } = setUp(() => refused);
    set("me");
    await timeline.until(100);
    world.answer = () => refused;
    set("me");
    await timeline.until(200);
    world.answer = () => fresh();
    await timeline.until(MINUTE);
    expect(times()).toHaveLength(2);
    expect(reports.map(({ kind }) => kind)).toEqual(["fresh"]);
  });
});

describe("a locked vault", () => {
  test("ends all attempts until it is unlocked", async () => {
    const { timeline, renewer, set, asked, times, world } = setUp(() => ({ kind: "locked" }));
    for (let index = 0; index < 50; index++) set(`${index}`);
    await timeline.until(24 * HOUR);
    expect(asked.length).toBeLessThanOrEqual(4);
    const before = times().length;
    world.answer = () => fresh();
    renewer.vaultUnlocked();
    await timeline.until(24 * HOUR + 10 * SECOND);
    expect(times().length - before).toBe(50);
    renewer.vaultLocked();
    await timeline.until(48 * HOUR);
    expect(times().length - before).toBe(50);
  });

  test("that was unlocked while an attempt was under way is not taken for locked", async () => {
    const { timeline, renewer, set, reports, world } = setUp(() => ({ kind: "locked" }));
    set("me");
    await timeline.until(100);
    renewer.vaultUnlocked();
    await timeline.until(200);
    world.answer = () => fresh();
    await timeline.until(MINUTE);
    expect(reports.map(({ kind }) => kind)).toEqual(["fresh"]);
  });
});

test("stopping waits for what is under way and begins nothing more", async () => {
  const { timeline, renewer, set, asked, reports } = setUp();
  for (let index = 0; index < 50; index++) set(`${index}`);
  await timeline.until(100);
  const stopped = renewer.stop();
  await timeline.until(HOUR);
  await stopped;
  expect(asked).toHaveLength(4);
  expect(reports).toHaveLength(4);
});
