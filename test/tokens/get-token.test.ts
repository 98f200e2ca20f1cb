import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MailkeyError } from "../../src/errors.ts";
import { tryLock, accountLockPath } from "../../src/platform/lock.ts";
import { readRecord } from "../../src/tokens/record.ts";
import { ADDRESS, granted, Harness, refused, SCOPE } from "./harness.ts";

const HOUR_MS = 3_600_000;
let harness: Harness;

beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.stop());

const value = async (promise: ReturnType<Harness["token"]>) => (await promise).token.value.reveal();
const failure = async (promise: Promise<unknown>): Promise<MailkeyError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MailkeyError)) throw new Error(`expected a MailkeyError, got ${String(error)}`);
  return error;
};

describe("a cached access token", () => {
  test("is returned without asking the provider while more than the margin is left", async () => {
    await harness.seed();
    harness.clock.advance(2900 * 1000);
    expect(await value(harness.token())).toBe("access-1");
    expect(harness.requests).toHaveLength(0);
  });

  test("is renewed when less than the margin is left", async () => {
    await harness.seed();
    harness.clock.advance(3001 * 1000);
    harness.replies.push(granted());
    expect(await value(harness.token())).toBe("access-2");
  });

  test("with a short life is kept until half of it is over, whatever the margin", async () => {
    await harness.seed({}, 300);
    harness.clock.advance(149 * 1000);
    expect((await harness.token()).source).toBe("cached");
    harness.clock.advance(2 * 1000);
    harness.replies.push(granted());
    expect((await harness.token()).source).toBe("refreshed");
  });

  test("is renewed when it would not last as long as the caller needs it", async () => {
    await harness.seed();
    harness.replies.push(granted());
    expect((await harness.token({ minTtlSeconds: 3599 })).source).toBe("cached");
    harness.clock.advance(2000);
    expect((await harness.token({ minTtlSeconds: 3599 })).source).toBe("refreshed");
  });

  test("is renewed when forced, however fresh", async () => {
    await harness.seed();
    harness.replies.push(granted());
    expect(await value(harness.token({ force: true }))).toBe("access-2");
  });

  test("of another resource does not answer for this one, and survives its renewal", async () => {
    await harness.seed();
    harness.replies.push(granted({ access_token: "graph-1", scope: "https://graph.microsoft.com/Mail.Send" }));
    expect(await value(harness.token({ resource: "graph" }))).toBe("graph-1");
    expect(harness.requests[0]?.get("scope")).toBe("https://graph.microsoft.com/Mail.Send");
    expect(await value(harness.token())).toBe("access-1");
  });
});

describe("time", () => {
  test("that passed in suspend counts although the wall clock was set back by as much", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.clock.jump(-2 * HOUR_MS);
    harness.replies.push(granted());
    expect((await harness.token()).source).toBe("refreshed");
  });

  test("does not pass because the wall clock was set forward", async () => {
    await harness.seed();
    harness.clock.jump(365 * 24 * HOUR_MS);
    expect((await harness.token()).source).toBe("cached");
  });

  test("is taken from the wall clock after a reboot", async () => {
    await harness.seed();
    harness.clock.reboot(2 * HOUR_MS);
    harness.replies.push(granted());
    expect((await harness.token()).source).toBe("refreshed");
  });

  test("that seems to lie before a failure, because the clock is wrong since a restart, does not keep from asking", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    for (let tries = 0; tries < 20; tries++) harness.replies.push(new Response("", { status: 503 }));
    expect((await failure(harness.token())).code).toBe("ERR_PROVIDER_UNAVAILABLE");
    harness.clock.reboot(HOUR_MS);
    harness.clock.jump(-30 * 24 * HOUR_MS);
    harness.replies.splice(0, harness.replies.length, granted());
    expect((await harness.token()).source).toBe("refreshed");
  });

  test("without a boot clock is not trusted when it runs backwards", async () => {
    harness.clock.hasBootClock = false;
    await harness.seed();
    harness.clock.jump(-HOUR_MS);
    harness.replies.push(granted());
    expect((await harness.token()).source).toBe("refreshed");
  });
});

describe("a renewal", () => {
  beforeEach(async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
  });

  test("sends the refresh token, the scope and the client id, and no secret for a public client", async () => {
    harness.replies.push(granted());
    await harness.token();
    expect(Object.fromEntries(harness.requests[0] ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "refresh-1",
      scope: SCOPE,
      client_id: "client-1",
    });
  });

  test("stores the rotated refresh token before it hands the access token out", async () => {
    harness.replies.push(granted());
    await harness.token();
    expect(harness.stored()).toMatchObject({
      refreshToken: "refresh-2",
      accessTokens: { outlook: { token: "access-2" } },
    });
  });

  test("hands nothing out when the new credential cannot be stored", async () => {
    harness.replies.push(granted());
    harness.vault.beforeWrite = (write) => {
      if (write > 1) throw new MailkeyError("ERR_STORAGE", "cannot write: no space left on the device");
    };
    expect((await failure(harness.token())).code).toBe("ERR_STORAGE");
    expect(harness.stored().refreshToken).toBe("refresh-1");
  });

  test("does not spend the refresh token when the vault cannot be written at all", async () => {
    harness.vault.beforeWrite = () => {
      throw new MailkeyError("ERR_STORAGE", "cannot write: the file system is read-only");
    };
    expect((await failure(harness.token())).code).toBe("ERR_STORAGE");
    expect(harness.requests).toHaveLength(0);
  });

  test("keeps the old refresh token when the provider sends no new one", async () => {
    harness.replies.push(granted({ refresh_token: undefined }));
    await harness.token();
    expect(harness.stored().refreshToken).toBe("refresh-1");
  });

  test.each([
    ["a string", "1800", 1800],
    ["missing", undefined, 3600],
    ["nonsense", "soon", 3600],
    ["negative", -5, 3600],
    ["beyond the calendar", 1e308, 400 * 86_400],
  ])("takes %s as expires_in", async (_form, given, seconds) => {
    harness.replies.push(granted({ expires_in: given }));
    await harness.token();
    expect(harness.stored().accessTokens["outlook"]?.lifetimeSeconds).toBe(seconds);
  });

  test.each([
    ["missing", undefined],
    ["empty", ""],
    ["a number", 7],
  ])("assumes the requested scope when scope is %s", async (_form, scope) => {
    harness.replies.push(granted({ scope }));
    expect((await harness.token()).token.scope).toBe(SCOPE);
  });

  test.each([
    ["BEARER", "BEARER"],
    ["missing", undefined],
  ])("accepts a token_type that is %s", async (_form, type) => {
    harness.replies.push(granted({ token_type: type }));
    expect(await value(harness.token())).toBe("access-2");
  });

  test("is not lost over an ID token that cannot be validated", async () => {
    harness.replies.push(granted({ id_token: "not.a.jwt" }));
    expect(await value(harness.token())).toBe("access-2");
  });

  test("counts the token's life from before the request, not from the answer", async () => {
    const sentAt = harness.clock.wallMs;
    harness.replies.push(() => {
      harness.clock.advance(9000);
      return granted();
    });
    expect((await harness.token()).token.expiresAtMs).toBe(sentAt + HOUR_MS);
  });
});

describe("a provider that is not itself", () => {
  const faults: [string, () => Response][] = [
    ["answers 500", () => new Response("oops", { status: 500 })],
    ["answers 503 in JSON", () => refused("temporarily_unavailable", "", 503)],
    ["answers 429", () => new Response("", { status: 429 })],
    ["answers 408", () => new Response("", { status: 408 })],
    ["answers HTML with 200", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["answers HTML with 400", () => new Response("<html>", { status: 400, headers: { "content-type": "text/html" } })],
    ["answers a JSON array", () => Response.json([])],
    ["answers without a token", () => Response.json({ token_type: "Bearer" })],
    ["says server_error with 400", () => refused("server_error")],
    [
      "breaks the connection",
      () => {
        throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
      },
    ],
    [
      "stays silent",
      () => {
        throw new DOMException("The operation timed out.", "TimeoutError");
      },
    ],
  ];

  test.each(faults)("and %s is asked again until it answers", async (_what, reply) => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(reply, reply, granted());
    expect(await value(harness.token())).toBe("access-2");
    expect(harness.clock.sleeps).toHaveLength(2);
  });

  test.each(faults)(
    "and %s for too long is an outage: try later, with the credential as it was",
    async (_what, reply) => {
      await harness.seed();
      harness.clock.advance(2 * HOUR_MS);
      harness.replies.push(...Array.from({ length: 30 }, () => reply));
      const error = await failure(harness.token());
      expect(error.code).toBe("ERR_PROVIDER_UNAVAILABLE");
      expect(harness.stored()).toMatchObject({
        refreshToken: "refresh-1",
        accessTokens: { outlook: { token: "access-1" } },
      });
      expect(harness.stored().refused).toBeUndefined();
      expect(harness.clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(40_000);
    },
  );

  test.each(faults)(
    "and %s costs one short attempt while the old token is still valid, which is then served",
    async (_what, reply) => {
      await harness.seed();
      harness.clock.advance(3100 * 1000);
      harness.replies.push(reply);
      expect(await harness.token()).toMatchObject({ source: "stale" });
      expect(harness.requests).toHaveLength(1);
      expect(harness.timeouts).toEqual([5000]);
    },
  );

  test("and asks for a pause that fits is given it", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(new Response("", { status: 429, headers: { "retry-after": "17" } }), granted());
    await harness.token();
    expect(harness.clock.sleeps).toEqual([17_000]);
  });

  test("and asks for a longer pause than the budget is left alone at once", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(new Response("", { status: 503, headers: { "retry-after": "3600" } }));
    const error = await failure(harness.token());
    expect(error.message).toContain("it asks to wait 3600 s");
    expect(harness.clock.sleeps).toEqual([]);
  });

  test("is an error, not a stale token, when renewal was forced", async () => {
    await harness.seed();
    harness.replies.push(...Array.from({ length: 30 }, () => new Response("", { status: 500 })));
    expect((await failure(harness.token({ force: true }))).code).toBe("ERR_PROVIDER_UNAVAILABLE");
  });
});

describe("a refused refresh token", () => {
  const words = "AADSTS700082: The refresh token refresh-1 has expired.\u001b[31m\nTrace ID: 1";

  test("asks for a new sign-in, with the provider's words but neither token nor escape sequences", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(refused("invalid_grant", words));
    const error = await failure(harness.token());
    expect(error.code).toBe("ERR_SIGN_IN_AGAIN");
    expect(error.hint).toBe(`mailkey login ${ADDRESS}`);
    expect(error.message).toContain("AADSTS700082: The refresh token [redacted] has expired. [31m Trace ID: 1");
  });

  test("deletes nothing", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(refused("invalid_grant"));
    await failure(harness.token());
    expect(harness.stored()).toMatchObject({ refreshToken: "refresh-1", refused: { error: "invalid_grant" } });
  });

  test("leaves the token that is still valid in use, and warns", async () => {
    await harness.seed();
    harness.clock.advance(3100 * 1000);
    harness.replies.push(refused("invalid_grant"));
    const answer = await harness.token();
    expect(answer.source).toBe("stale");
    expect(answer.warning?.code).toBe("ERR_SIGN_IN_AGAIN");
  });

  test("is remembered, so that the provider is not asked at every run, but asked again after an hour", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(refused("invalid_grant"));
    await failure(harness.token());
    expect((await failure(harness.token())).code).toBe("ERR_SIGN_IN_AGAIN");
    expect(harness.requests).toHaveLength(1);
    harness.clock.advance(HOUR_MS + 1000);
    harness.replies.push(granted());
    expect(await value(harness.token())).toBe("access-2");
    expect(harness.stored().refused).toBeUndefined();
  });

  test.each(["invalid_client", "unauthorized_client", "invalid_scope", "invalid_request"])(
    "with %s is a matter of the client, not of the sign-in",
    async (error) => {
      await harness.seed();
      harness.clock.advance(2 * HOUR_MS);
      harness.replies.push(refused(error, "", 401));
      expect((await failure(harness.token())).code).toBe("ERR_CLIENT_REJECTED");
    },
  );

  test("is still told when the note about it cannot be stored", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(refused("invalid_grant"));
    harness.vault.beforeWrite = (write) => {
      if (write > 1) throw new MailkeyError("ERR_STORAGE", "full");
    };
    expect((await failure(harness.token())).code).toBe("ERR_SIGN_IN_AGAIN");
  });
});

describe("a token that is still valid", () => {
  test.each(["ERR_STORAGE", "ERR_VAULT_UNUSABLE"] as const)(
    "is served, with a warning, when the vault answers %s",
    async (code) => {
      await harness.seed();
      harness.clock.advance(3100 * 1000);
      harness.vault.beforeWrite = () => {
        throw new MailkeyError(code, "cannot write");
      };
      const answer = await harness.token();
      expect([answer.source, answer.warning?.code]).toEqual(["stale", code]);
    },
  );
});

describe("a refused client", () => {
  test("is asked again at once, since its secret may have been corrected, and its sign-in is not called over", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(refused("invalid_client", "the secret is wrong", 401), granted());
    await failure(harness.token());
    const record = readRecord(join(harness.ports.paths.state, "status", `${ADDRESS}.json`));
    expect(record).toMatchObject({ needsSignIn: false, failure: { kind: "permanent" } });
    expect(record?.failure?.reason).toContain("the secret is wrong");
    expect(await value(harness.token())).toBe("access-2");
  });
});

describe("several askers at once", () => {
  test("cost one refresh, and all get the same token", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(async () => {
      await Bun.sleep(20);
      return granted();
    });
    harness.clock.sleep = () => Bun.sleep(2);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => value(harness.token())));
    expect(new Set(tokens)).toEqual(new Set(["access-2"]));
    expect(harness.requests).toHaveLength(1);
  });

  test("take the token that another process stored between their look and their lock", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    const read = harness.vault.read.bind(harness.vault);
    let reads = 0;
    harness.vault.read = async (name) => {
      reads += 1;
      if (reads === 2) {
        const obtainedAt = harness.clock.now();
        await harness.seed({
          accessTokens: { outlook: { token: "access-9", obtainedAt, lifetimeSeconds: 3600, scope: SCOPE } },
        });
      }
      return read(name);
    };
    const answer = await harness.token();
    expect([answer.token.value.reveal(), answer.source]).toEqual(["access-9", "superseded"]);
    expect(harness.requests).toHaveLength(0);
  });

  test("meeting an outage share one round of attempts", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    const outage = async () => {
      harness.clock.advance(5);
      await Bun.sleep(20);
      return new Response("", { status: 503, headers: { "retry-after": "99" } });
    };
    harness.replies.push(...Array.from({ length: 5 }, () => outage));
    harness.clock.sleep = () => Bun.sleep(2);
    const errors = await Promise.all(Array.from({ length: 5 }, () => failure(harness.token())));
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => "ERR_PROVIDER_UNAVAILABLE"));
    expect(harness.requests).toHaveLength(1);
  });

  test("give up on a holder that never ends, but with a valid token in hand soon and without an error", async () => {
    await harness.seed();
    const lock = await tryLock(accountLockPath(harness.ports.paths, ADDRESS));
    harness.clock.advance(3100 * 1000);
    expect((await harness.token()).source).toBe("stale");
    harness.clock.advance(HOUR_MS);
    expect((await failure(harness.token())).code).toBe("ERR_LOCK_TIMEOUT");
    lock?.release();
  });
});

describe("an account", () => {
  test("that never signed in is told to", async () => {
    const error = await failure(harness.token());
    expect([error.code, error.hint]).toEqual(["ERR_SIGN_IN_AGAIN", `mailkey login ${ADDRESS}`]);
  });

  test("whose stored credential is damaged is told to sign in, and nothing of it is quoted", async () => {
    await harness.vault.write(ADDRESS, new TextEncoder().encode('{"version":1,"refreshToken":"refresh-secret'));
    const error = await failure(harness.token());
    expect(error.code).toBe("ERR_VAULT_DAMAGED");
    expect(Bun.inspect(error)).not.toContain("refresh-secret");
  });

  test("with a confidential client sends its secret from the vault, and loses it to no renewal", async () => {
    harness.stop();
    harness = await Harness.start({ secret: "vault" });
    await harness.seed({ clientSecret: "s3cret-of-client" });
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(granted());
    await harness.token();
    expect(harness.requests[0]?.get("client_secret")).toBe("s3cret-of-client");
    expect(harness.stored().clientSecret).toBe("s3cret-of-client");
  });

  test("has no trace with a secret in it", async () => {
    await harness.seed();
    harness.clock.advance(2 * HOUR_MS);
    harness.replies.push(new Response("", { status: 500 }), granted());
    const answer = await harness.token();
    const seen = `${harness.traces.join("\n")} ${Bun.inspect(answer)} ${JSON.stringify(answer)}`;
    expect(seen).not.toMatch(/access-\d|refresh-\d/);
    expect(harness.traces.length).toBeGreaterThan(1);
  });
});
