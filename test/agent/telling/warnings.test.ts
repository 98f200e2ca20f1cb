import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deleteAccount, saveAccount } from "../../../src/accounts/store.ts";
import type { Occasion } from "../../../src/agent/telling/occasion.ts";
import { Warnings } from "../../../src/agent/telling/warnings.ts";
import { ADDRESS, AgentWorld, DAY_MS, failed, HOUR_MS, TARGET } from "../world.ts";

let world: AgentWorld;
let told: Occasion[];
let mended: string[];
let logged: string[];
let warnings: Warnings;

const start = () =>
  new Warnings({
    paths: world.paths,
    env: {},
    clock: world.clock,
    alarm: world.alarm,
    log: (name) => logged.push(name),
    tell: (occasion) => told.push(occasion),
    mended: (address) => mended.push(address),
  });
const restart = async () => {
  warnings.stop();
  warnings = start();
  await warnings.look();
};
const observe = async (...events: readonly Parameters<Warnings["observe"]>[0][]) => {
  for (const event of events) warnings.observe(event);
  await warnings.settled;
};
const ring = async () => {
  world.alarm.ring();
  await warnings.settled;
};
/** What was told since the last call. */
const news = () => told.splice(0).map(({ kind }) => kind);

beforeEach(() => {
  world = new AgentWorld();
  world.account();
  told = [];
  mended = [];
  logged = [];
  warnings = start();
});
afterEach(() => {
  warnings.stop();
  world.dispose();
  expect(logged).toEqual([]);
});

describe("a sign-in that is over", () => {
  test("is told once, with the command that mends it, however often renewing fails", async () => {
    world.record();
    await observe(failed("ERR_SIGN_IN_AGAIN", "no longer accepted"), failed("ERR_SIGN_IN_AGAIN"));
    expect(told).toEqual([
      {
        kind: "sign-in-over",
        address: ADDRESS,
        resource: "outlook",
        reason: "no longer accepted",
        hint: `mailkey login ${ADDRESS}`,
        endsAtMs: undefined,
      },
    ]);
  });

  test("is not told again by an agent that starts anew, and is by one that has lost its notes", async () => {
    world.record({ needsSignIn: true });
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    expect(news()).toEqual(["sign-in-over"]);
    await restart();
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    expect(news()).toEqual([]);
    rmSync(join(world.paths.state, "agent"), { recursive: true });
    await restart();
    expect(news()).toEqual(["sign-in-over"]);
  });

  test("is told of by the record alone: the refusal may have come to another process", async () => {
    world.record({
      needsSignIn: true,
      failure: { kind: "permanent", at: world.clock.now(), reason: "refused\u001b[2J: invalid_grant" },
    });
    await warnings.look();
    expect(told[0]?.reason).toBe("refused [2J: invalid_grant");
  });

  test("is news when it was mended and happens again, to the same sign-in or the next one", async () => {
    world.record();
    await observe(failed("ERR_SIGN_IN_AGAIN"), world.token(), failed("ERR_SIGN_IN_AGAIN"));
    expect(news()).toEqual(["sign-in-over", "sign-in-over"]);
    expect(mended).toEqual([ADDRESS]);
    warnings.stop();
    world.clock.advance(DAY_MS);
    world.record();
    await restart();
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    expect(news()).toEqual(["sign-in-over"]);
  });

  test("is mended by a token that another process got, and not by the old one that still lasts", async () => {
    world.record();
    const old = world.token(false);
    await observe(old, failed("ERR_SIGN_IN_AGAIN"), old);
    expect(mended).toEqual([]);
    world.clock.advance(HOUR_MS);
    await observe(world.token(false));
    expect(mended).toEqual([ADDRESS]);
  });

  test("is mended by a new sign-in as soon as that is noted, before anybody asks for a token", async () => {
    world.record();
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    await warnings.lookAt(ADDRESS);
    expect(mended).toEqual([]);
    world.clock.advance(HOUR_MS);
    world.record();
    await warnings.lookAt(ADDRESS);
    expect(mended).toEqual([ADDRESS]);
  });

  test("for one resource is told once although the other one's tokens are renewed", async () => {
    world.record();
    const graph = { ...TARGET, resource: "graph" };
    for (let hour = 0; hour < 5; hour += 1)
      await observe(
        failed("ERR_SIGN_IN_AGAIN", "no", graph),
        world.token(),
        failed("ERR_CLIENT_REJECTED", "no", graph),
      );
    expect(news()).toEqual(["sign-in-over", "failing"]);
  });

  test("is told once for all mailboxes that are opened with it, by the name of the one who signs in", async () => {
    world.record();
    for (const address of ["info@hotmail.com", "shop@hotmail.com"]) {
      saveAccount(world.paths, { address, credential: ADDRESS });
      await observe(failed("ERR_SIGN_IN_AGAIN", "no", { ...TARGET, address }));
    }
    expect(told.map(({ address }) => address)).toEqual([ADDRESS]);
  });

  test("of an account that never signed in is told, and nothing before somebody asks for its token", async () => {
    await warnings.look();
    expect(news()).toEqual([]);
    await observe(failed("ERR_SIGN_IN_AGAIN"), failed("ERR_SIGN_IN_AGAIN"));
    expect(news()).toEqual(["sign-in-over"]);
  });
});

describe("a sign-in that ends", () => {
  const ends = (seconds: number) => ({ signInEnd: { toldAt: world.clock.now(), seconds, spanSeconds: seconds } });

  test("after 90 days without use is told 14, 3 and 1 day before, by an alarm that rings just then", async () => {
    world.record();
    await warnings.look();
    const days: number[] = [];
    for (let rings = 0; rings < 4; rings += 1) {
      days.push(Math.round((world.alarm.inMs ?? 0) / DAY_MS));
      await ring();
    }
    expect(days).toEqual([76, 11, 2, 1]);
    expect(told.map(({ reason, hint }) => [reason, hint])).toEqual(
      ["in 14 days", "in 3 days", "within a day"].map((when) => [
        `the sign-in of ${ADDRESS} ends for want of use ${when}`,
        `mailkey token ${ADDRESS} --force >/dev/null`,
      ]),
    );
    expect(world.alarm.inMs).toBeUndefined();
  });

  test("after seven days, as in Google's testing, is not told at once but 3 days and 1 day before, and when it is over", async () => {
    world.record(ends(7 * 86_400));
    await warnings.look();
    const end = world.clock.wallMs + 7 * DAY_MS;
    expect(news()).toEqual([]);
    expect(world.alarm.inMs).toBe(4 * DAY_MS);
    await ring();
    expect(told[0]?.endsAtMs).toBe(end);
    expect(told[0]?.hint).toBe(`mailkey login ${ADDRESS}`);
    await ring();
    await ring();
    expect(news()).toEqual(["sign-in-ends", "sign-in-ends", "sign-in-over"]);
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    expect(news()).toEqual([]);
  });

  test("is told at the step that has come when the machine slept through the others, once", async () => {
    world.record();
    await warnings.look();
    world.clock.advance(88 * DAY_MS);
    await ring();
    expect(told.map(({ reason }) => reason)).toEqual([`the sign-in of ${ADDRESS} ends for want of use in 2 days`]);
    await restart();
    expect(told).toHaveLength(1);
  });

  test("is not told any more once it has been used, and is told anew before its next end", async () => {
    world.record();
    await warnings.look();
    await ring();
    world.record();
    await observe(world.token());
    expect(mended).toEqual([ADDRESS]);
    expect(Math.round((world.alarm.inMs ?? 0) / DAY_MS)).toBe(76);
    await ring();
    expect(news()).toEqual(["sign-in-ends", "sign-in-ends"]);
  });

  test("that came to its end while the machine slept is told as over, not as about to end", async () => {
    world.record(ends(7 * 86_400));
    await warnings.look();
    world.clock.advance(8 * DAY_MS);
    await restart();
    expect(news()).toEqual(["sign-in-over"]);
  });

  test("within half an hour of its last use is told when it is over, and never as a warning", async () => {
    world.record(ends(1800));
    await warnings.look();
    await ring();
    expect(news()).toEqual(["sign-in-over"]);
  });

  test("after seven days at Google without a word of it is recognised, and expected of the next one", async () => {
    world.account({ provider: "google", client: { id: "own.apps.googleusercontent.com" } });
    world.record();
    await warnings.look();
    world.clock.advance(7 * DAY_MS + HOUR_MS / 2);
    await observe(failed("ERR_SIGN_IN_AGAIN", "expired or revoked"));
    expect(told[0]?.reason).toBe(
      "expired or revoked; it lasted 7 days, as sign-ins do while the client is in testing: publish it",
    );
    world.record();
    await restart();
    news();
    await ring();
    expect(told[0]?.reason).toBe(`the sign-in of ${ADDRESS}, like the one before, ends in 3 days`);
    world.account({ provider: "google", client: { id: "another.apps.googleusercontent.com" } });
    await warnings.look();
    expect(Math.round((world.alarm.inMs ?? 0) / DAY_MS)).toBe(162); // six months without use
  });

  test("after nine days, or a published client's, is not taken for one in testing", async () => {
    world.account({ provider: "google", client: { id: "own.apps.googleusercontent.com" } });
    world.record();
    world.clock.advance(10 * DAY_MS);
    await observe(failed("ERR_SIGN_IN_AGAIN", "revoked"));
    expect(told[0]?.reason).toBe("revoked");
  });

  test("is known to those who measure", async () => {
    world.record(ends(7 * 86_400));
    await warnings.look();
    expect([...warnings.signInEnds]).toEqual([[ADDRESS, world.clock.wallMs + 7 * DAY_MS]]);
  });
});

test("a client's secret that ends is told 30, 14, 3 and 1 day before, and when it has", async () => {
  world.account({ provider: "google", client: { id: "c", secret: "vault", expires: "2026-03-16" } });
  await warnings.look();
  for (let rings = 0; rings < 5; rings += 1) await ring();
  expect(told.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => "client-ends"));
  expect(told.at(-1)?.reason).toBe(`the secret or certificate of the client of ${ADDRESS} has ended`);
  expect(world.alarm.inMs).toBeUndefined();
});

describe("failures", () => {
  const outage = failed("ERR_PROVIDER_UNAVAILABLE", "the provider answered 503");

  test("that pass by themselves are told after three hours, once", async () => {
    const failuresOf = async (hours: number) => {
      for (let quarter = 0; quarter < hours * 4; quarter += 1) {
        await observe(outage);
        world.clock.advance(HOUR_MS / 4);
      }
    };
    await failuresOf(3);
    expect(news()).toEqual([]);
    await failuresOf(5);
    expect(told).toEqual([expect.objectContaining({ kind: "failing", hint: "mailkey doctor" })]);
  });

  test("before and after a night's suspend are not hours of failing", async () => {
    await observe(outage);
    world.clock.advance(9 * HOUR_MS);
    await observe(outage);
    world.clock.advance(HOUR_MS / 60);
    await observe(outage);
    expect(news()).toEqual([]);
  });

  test("between which a token was renewed are not in a row", async () => {
    for (let hour = 0; hour < 6; hour += 1) {
      await observe(outage, world.token());
      world.clock.advance(HOUR_MS);
    }
    expect(news()).toEqual([]);
  });

  test("that waiting does not mend are told at once, with the error's own hint", async () => {
    await observe(failed("ERR_CLIENT_REJECTED"), failed("ERR_CLIENT_REJECTED"), failed("ERR_CONFIG"));
    expect(told.map(({ hint }) => hint)).toEqual(["mailkey show it", "mailkey doctor"]);
  });

  test("of a locked vault are nobody's business here", async () => {
    await observe(failed("ERR_VAULT_LOCKED"));
    expect(news()).toEqual([]);
  });
});

describe("the notes of what was told", () => {
  const file = () => join(world.paths.state, "agent", "told.json");

  test("are private, hold no reasons, and lose accounts that are gone", async () => {
    world.record();
    await observe(failed("ERR_SIGN_IN_AGAIN", "words of the provider"));
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readFileSync(file(), "utf8")).not.toContain("words of the provider");
    expect(readFileSync(file(), "utf8")).toContain(ADDRESS);
    await observe({ kind: "gone", target: TARGET });
    expect(readFileSync(file(), "utf8")).not.toContain(ADDRESS);
  });

  test("lose accounts that were removed while there was no agent", async () => {
    world.record();
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    deleteAccount(world.paths, ADDRESS);
    await restart();
    expect(readFileSync(file(), "utf8")).not.toContain(ADDRESS);
  });

  test("that cannot be understood, or written, cost no warning", async () => {
    world.record({ needsSignIn: true });
    await observe(failed("ERR_SIGN_IN_AGAIN"));
    for (const damage of ["", "[]", '{"version":1,"told":{"__proto__":1}}']) {
      writeFileSync(file(), damage);
      await restart();
    }
    rmSync(join(world.paths.state, "agent"), { recursive: true });
    writeFileSync(join(world.paths.state, "agent"), "in the way of the folder");
    await restart();
    expect(told).toHaveLength(5);
  });
});
