import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readRecord, recordPath } from "../../src/tokens/record.ts";
import { healthOf, signInEnding, warnBeforeSeconds } from "../../src/tokens/health.ts";
import { storeSignIn } from "../../src/tokens/sign-in.ts";
import { DEFAULT_LIFETIME_SECONDS } from "../../src/oauth/token-endpoint.ts";
import { Secret } from "../../src/platform/secret.ts";
import { ADDRESS, granted, Harness } from "./harness.ts";

const DAY_SECONDS = 86_400;
let harness: Harness;

beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.stop());

const pass = (seconds: number) => harness.clock.advance(seconds * 1000);
const record = () => {
  const found = readRecord(recordPath(harness.ports.paths, ADDRESS));
  if (found === undefined) throw new Error("there is no record");
  return found;
};
const ending = () => signInEnding(record(), harness.account.provider, harness.clock.now());
const renewedWith = async (change: Record<string, unknown>) => {
  harness.replies.push(granted(change));
  await harness.token({ force: true });
};
const signIn = (refreshExpiresInSeconds?: number) =>
  storeSignIn(harness.ports, harness.account, {
    at: harness.clock.now(),
    grant: {
      accessToken: new Secret("access-1"),
      refreshToken: new Secret("refresh-1"),
      expiresInSeconds: DEFAULT_LIFETIME_SECONDS,
      scope: "s",
      ...(refreshExpiresInSeconds === undefined ? {} : { refreshExpiresInSeconds }),
    },
  });

describe("the end of a sign-in", () => {
  test("that the provider counts down to keeps the span of its first word", async () => {
    await signIn(7 * DAY_SECONDS);
    pass(4 * DAY_SECONDS);
    await renewedWith({ refresh_token_expires_in: 3 * DAY_SECONDS - 1, refresh_token: undefined });
    expect(ending()).toEqual({ inSeconds: 3 * DAY_SECONDS - 1, spanSeconds: 7 * DAY_SECONDS, cause: "fixed" });
  });

  test("that starts anew with each use has the span of the last word", async () => {
    await signIn(1800);
    pass(600);
    await renewedWith({ refresh_expires_in: 1800 });
    expect(ending()).toEqual({ inSeconds: 1800, spanSeconds: 1800, cause: "fixed" });
  });

  test("survives an answer that does not speak of it, unless that brings another refresh token", async () => {
    await signIn(7 * DAY_SECONDS);
    pass(DAY_SECONDS);
    await renewedWith({ refresh_token: "refresh-1" });
    expect(ending()?.inSeconds).toBe(6 * DAY_SECONDS);
    await renewedWith({ refresh_token: "refresh-2" });
    expect(ending()).toBeUndefined();
  });

  test("survives being stored beside a failure", async () => {
    await signIn(7 * DAY_SECONDS);
    harness.replies.push(...Array.from({ length: 2 }, () => new Response("", { status: 503 })));
    await harness.token({ minTtlSeconds: 99_999 });
    expect(record().failure?.kind).toBe("transient");
    expect(ending()?.inSeconds).toBe(7 * DAY_SECONDS);
  });

  test.each([0, -1, "soon", null, 1e12])("is not taken from %p", async (value) => {
    await signIn();
    await renewedWith({ refresh_expires_in: value, refresh_token: undefined });
    expect(ending()).toBeUndefined();
  });

  test("may be told as text", async () => {
    await signIn();
    await renewedWith({ refresh_token_expires_in: "604799" });
    expect(ending()?.inSeconds).toBe(604_799);
  });

  test("is the earlier one of disuse and of what the provider has said", async () => {
    await signIn(7 * DAY_SECONDS);
    const { provider } = harness.account;
    const idle = (refreshIdleDays: number) =>
      signInEnding(record(), { ...provider, tokens: { rotation: "never", refreshIdleDays } }, harness.clock.now());
    expect(idle(90)?.cause).toBe("fixed");
    expect(idle(5)).toEqual({ inSeconds: 5 * DAY_SECONDS, spanSeconds: 5 * DAY_SECONDS, cause: "unused" });
  });
});

describe("the health of a sign-in with an end", () => {
  const health = () => healthOf(record(), harness.account, harness.clock.now());

  test("is ok until half of a short span is over, then warns, then asks to sign in", async () => {
    await signIn(7 * DAY_SECONDS);
    pass(3 * DAY_SECONDS);
    expect(health()).toBe("ok");
    pass(DAY_SECONDS);
    expect(health()).toBe("expiring-sign-in");
    pass(4 * DAY_SECONDS);
    expect(health()).toBe("sign-in-needed");
  });

  test("warns two weeks ahead of the end of a long span", () => {
    expect(warnBeforeSeconds({ inSeconds: 1, spanSeconds: 90 * DAY_SECONDS, cause: "fixed" })).toBe(14 * DAY_SECONDS);
  });
});
