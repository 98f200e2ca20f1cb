import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentEvent } from "../../../src/agent/event.ts";
import type { TokenReply } from "../../../src/agent/protocol.ts";
import type { WireError } from "../../../src/service/wire.ts";
import type { Attempt } from "../../../src/agent/renewing/renewal.ts";
import { TokenService, type Wanted } from "../../../src/agent/serving/tokens.ts";
import { configPath, defaultConfig } from "../../../src/accounts/config.ts";
import { accountPath, deleteAccount, saveAccount } from "../../../src/accounts/store.ts";
import { resolvePaths, type Paths } from "../../../src/platform/paths.ts";
import { encodeCredential, type Credential } from "../../../src/tokens/credential.ts";
import { digestOf } from "../../../src/tokens/digest.ts";
import { MailkeyError } from "../../../src/errors.ts";
import { vaultSettingsPath } from "../../../src/vault/settings.ts";
import { granted, refused, type Reply } from "../../tokens/harness.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryVault } from "../../support/memory-vault.ts";

const ADDRESS = "me@hotmail.example";
const OTHER = "other@hotmail.example";
const HOUR_MS = 3_600_000;

class Bench {
  readonly home = mkdtempSync(join(tmpdir(), "mkt-"));
  readonly paths: Paths = resolvePaths({ MAILKEY_HOME: this.home });
  readonly clock = new FakeClock();
  readonly vault = new MemoryVault();
  readonly replies: Reply[] = [];
  readonly events: AgentEvent[] = [];
  readonly attempts: Attempt[] = [];
  readonly answered: (string | undefined)[][] = [];
  requests = 0;
  leases = 0;
  locked: MailkeyError | undefined;

  readonly service = new TokenService({
    lease: () => {
      this.leases += 1;
      return {
        ports: {
          env: {},
          paths: this.paths,
          clock: this.clock,
          config: defaultConfig({}),
          random: () => 0.5,
          openVault: () => (this.locked === undefined ? Promise.resolve(this.vault) : Promise.reject(this.locked)),
          createFetch: () => async () => {
            this.requests += 1;
            const reply = this.replies.shift();
            if (reply === undefined) throw new Error("the test scripted no further reply");
            return typeof reply === "function" ? reply() : reply;
          },
        },
        end: () => {
          this.leases -= 1;
        },
      };
    },
    clock: this.clock,
    observe: (event) => this.events.push(event),
    attempted: (_target, attempt) => this.attempts.push(attempt),
    answered: (source, _seconds, code) => this.answered.push([source, code]),
  });

  async account(address: string, change: Partial<Credential> = {}): Promise<void> {
    saveAccount(this.paths, {
      address,
      provider: "custom",
      client: { id: "client-1" },
      scopes: { mail: ["mail"], graph: ["graph"] },
      endpoints: { token: "https://login.example/token" },
    });
    await this.store(address, `access of ${address}`, change);
  }

  async store(address: string, token: string, change: Partial<Credential> = {}): Promise<void> {
    const now = this.clock.now();
    const accessTokens = { mail: { token, obtainedAt: now, lifetimeSeconds: 3600, scope: "mail" } };
    await this.vault.write(
      address,
      encodeCredential({ version: 1, refreshToken: "refresh-1", signedInAt: now, accessTokens, ...change }),
    );
  }

  async ask(wanted: Wanted = { address: ADDRESS }): Promise<TokenReply & { readonly error?: WireError }> {
    return JSON.parse(await this.service.answer(wanted)) as TokenReply & { readonly error?: WireError };
  }

  async token(wanted?: Wanted): Promise<string> {
    return (await this.ask(wanted)).token;
  }
}

let bench: Bench;
beforeEach(async () => {
  bench = new Bench();
  await bench.account(ADDRESS);
});
afterEach(() => {
  expect(bench.leases).toBe(0);
  rmSync(bench.home, { recursive: true, force: true });
});

/** From the second time on an answer is remembered. */
async function remembered(): Promise<void> {
  await bench.token();
  await bench.token();
  expect(bench.answered.at(-1)).toEqual(["hot", undefined]);
}

describe("an answer that is remembered", () => {
  test("is given at once, without a promise, and reads no vault", async () => {
    await remembered();
    bench.locked = new MailkeyError("ERR_VAULT_LOCKED", "locked");
    const reply = bench.service.answer({ address: ADDRESS });
    expect(typeof reply).toBe("string");
    expect(JSON.parse(reply as string)).toMatchObject({ token: `access of ${ADDRESS}`, source: "cached" });
  });

  test("is not given when the token has less than the margin left, or less than is asked for", async () => {
    await remembered();
    bench.replies.push(granted({ scope: "mail" }), granted({ access_token: "access-3", scope: "mail" }));
    expect(await bench.token({ address: ADDRESS, min_ttl: 3601 })).toBe("access-2");
    await bench.token();
    await bench.token();
    bench.clock.advance(HOUR_MS - 500_000);
    expect(await bench.token()).toBe("access-3");
  });

  test("is not given when somebody wants a new one", async () => {
    await remembered();
    bench.replies.push(granted({ scope: "mail" }));
    expect(await bench.token({ address: ADDRESS, force: true })).toBe("access-2");
  });

  test.each([
    ["the credential has been replaced", () => bench.store(ADDRESS, "of another process"), "of another process"],
    [
      "the account's file has changed",
      () => bench.account(ADDRESS, {}).then(() => bench.store(ADDRESS, "after editing")),
      "after editing",
    ],
  ])("is not given when %s", async (_what, change, expected) => {
    await remembered();
    await change();
    expect(await bench.token()).toBe(expected);
  });

  test.each([
    ["the vault's settings", vaultSettingsPath],
    ["the configuration", configPath],
    ["the file of the account whose sign-in is used", (paths: Paths) => accountPath(paths, ADDRESS)],
  ])("is looked for anew when %s may have changed", async (_what, pathIn) => {
    const shared = { address: OTHER };
    saveAccount(bench.paths, { address: OTHER, credential: ADDRESS });
    await bench.token(shared);
    await bench.token(shared);
    expect(bench.answered.at(-1)).toEqual(["hot", undefined]);
    appendFileSync(pathIn(bench.paths), "# edited\n");
    expect(await bench.token(shared)).toBe(`access of ${ADDRESS}`);
    expect(bench.answered.at(-1)).toEqual(["cached", undefined]);
  });

  test("is not given when the account is gone", async () => {
    await remembered();
    deleteAccount(bench.paths, ADDRESS);
    expect((await bench.ask()).error?.code).toBe("ERR_ACCOUNT_UNKNOWN");
  });

  test("is not given after everything has been forgotten, not even what was under way meanwhile", async () => {
    await remembered();
    await bench.store(ADDRESS, "newer");
    const underWay = bench.token();
    bench.service.forget();
    expect(await underWay).toBe("newer");
    await bench.token();
    expect(bench.answered.at(-1)).toEqual(["cached", undefined]);
  });

  test("belongs to one account and one resource", async () => {
    await bench.account(OTHER);
    await remembered();
    bench.replies.push(granted({ access_token: "for graph", scope: "graph" }));
    expect(await bench.token({ address: OTHER })).toBe(`access of ${OTHER}`);
    expect(await bench.token({ address: ADDRESS, resource: "graph" })).toBe("for graph");
    expect(await bench.token()).toBe(`access of ${ADDRESS}`);
  });
});

describe("programs that ask at the same moment", () => {
  test("share one renewal", async () => {
    bench.clock.advance(HOUR_MS);
    bench.replies.push(granted({ scope: "mail" }));
    const tokens = await Promise.all(Array.from({ length: 50 }, () => bench.token()));
    expect(new Set(tokens)).toEqual(new Set(["access-2"]));
    expect(bench.requests).toBe(1);
  });

  test("do not share one that does not last as long as they need", async () => {
    bench.clock.advance(2_000_000);
    bench.replies.push(granted({ scope: "mail" }));
    const [short, long] = await Promise.all([bench.token(), bench.token({ address: ADDRESS, min_ttl: 3000 })]);
    expect([short, long]).toEqual([`access of ${ADDRESS}`, "access-2"]);
  });

  test("share its failure", async () => {
    bench.clock.advance(HOUR_MS);
    bench.replies.push(refused("invalid_grant"));
    const codes = await Promise.all(Array.from({ length: 5 }, async () => (await bench.ask()).error?.code));
    expect(new Set(codes)).toEqual(new Set(["ERR_SIGN_IN_AGAIN"]));
    expect(bench.requests).toBe(1);
  });

  test("are not held up by a renewal ahead of time", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<Response>();
    bench.replies.push(() => gate);
    const ahead = bench.service.renew({ address: ADDRESS, resource: "mail" }, 3601);
    while (bench.requests === 0) await Bun.sleep(1);
    expect(await bench.token()).toBe(`access of ${ADDRESS}`);
    open(granted({ scope: "mail" }));
    expect(await ahead).toMatchObject({ kind: "fresh", isNew: true, lifetimeSeconds: 3600 });
    expect(await bench.token()).toBe("access-2");
  });
});

describe("a renewal ahead of time", () => {
  const renew = (minTtlSeconds = 3601) => bench.service.renew({ address: ADDRESS, resource: "mail" }, minTtlSeconds);

  test("finds that another process was faster", async () => {
    expect(await renew(3000)).toEqual({ kind: "fresh", remainingSeconds: 3600, lifetimeSeconds: 3600, isNew: false });
    expect(bench.requests).toBe(0);
  });

  test("tells how long the provider wants to be left alone, and how long the old token lasts", async () => {
    bench.clock.advance(1_000_000);
    bench.replies.push(new Response("", { status: 429, headers: { "retry-after": "90" } }));
    expect(await renew()).toMatchObject({
      kind: "failed",
      isPermanent: false,
      retryAfterMs: 90_000,
      remainingSeconds: 2600,
    });
  });

  test("tells a refusal from an outage", async () => {
    bench.replies.push(refused("invalid_grant"));
    expect(await renew()).toMatchObject({ kind: "failed", isPermanent: true, remainingSeconds: 3600 });
    expect(bench.events.at(-1)).toMatchObject({ kind: "failed", isPermanent: true, validSeconds: 3600 });
  });

  test("that is interrupted is no failure to tell of", async () => {
    bench.locked = new MailkeyError("ERR_INTERRUPTED", "interrupted");
    await renew();
    expect(bench.events).toEqual([]);
    bench.locked = new MailkeyError("ERR_VAULT_LOCKED", "locked");
    await renew();
    expect(bench.events).toMatchObject([{ kind: "failed", isPermanent: false }]);
  });

  test("waits for what has to change: a locked vault, a sign-in, an account", async () => {
    bench.locked = new MailkeyError("ERR_VAULT_LOCKED", "locked");
    expect(await renew()).toEqual({ kind: "locked" });
    bench.locked = undefined;
    await bench.vault.remove(ADDRESS);
    expect(await renew()).toEqual({ kind: "idle" });
    deleteAccount(bench.paths, ADDRESS);
    expect(await renew()).toEqual({ kind: "idle" });
  });
});

test("observers are told whose token it is, and whether it is new", async () => {
  await bench.token();
  bench.clock.advance(HOUR_MS);
  bench.replies.push(granted({ scope: "mail" }));
  await bench.token();
  expect(bench.events).toMatchObject([
    { kind: "token", target: { address: ADDRESS, resource: "mail" }, isNew: false },
    { kind: "token", target: { address: ADDRESS, resource: "mail" }, isNew: true },
  ]);
  expect(JSON.stringify(bench.events)).not.toContain("access");
});

test("observers are told of a renewal once, however many attempts have waited for it", async () => {
  bench.clock.advance(HOUR_MS);
  bench.replies.push(granted({ scope: "mail" }));
  const target = { address: ADDRESS, resource: "mail" };
  await Promise.all([bench.token(), bench.service.renew(target, 1), bench.service.renew(target, 2)]);
  expect(bench.requests).toBe(1);
  const news = () => bench.events.flatMap((event) => (event.kind === "token" ? [event.isNew] : []));
  expect([news().length, news().filter(Boolean).length]).toEqual([3, 1]);
  bench.clock.advance(HOUR_MS);
  bench.replies.push(granted({ scope: "mail" }));
  await bench.token();
  expect(news().at(-1)).toBe(true);
});

test("a bug is reported without what it stumbled over", async () => {
  bench.clock.advance(HOUR_MS);
  bench.locked = new TypeError("secret in the words") as unknown as MailkeyError;
  const { error } = await bench.ask();
  expect(error?.message).toBe("this is a bug in mailkey's agent: TypeError");
});

describe("a token that a mail server refuses", () => {
  const refusedBy = (token: string): Wanted => ({ address: ADDRESS, refused: digestOf(token) });
  const FIRST = `access of ${ADDRESS}`;

  test("is renewed once for all who name it, and remembered ones are not handed out again", async () => {
    await bench.token();
    await bench.token();
    bench.replies.push(granted({ access_token: "second" }));
    const tokens = await Promise.all(Array.from({ length: 50 }, () => bench.token(refusedBy(FIRST))));
    expect(new Set(tokens)).toEqual(new Set(["second"]));
    expect(await bench.token(refusedBy(FIRST))).toBe("second");
    expect(bench.requests).toBe(1);
  });

  test("is renewed once although those who name it come while others are given the old one", async () => {
    bench.replies.push(granted({ access_token: "second" }));
    const wishes = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? undefined : refusedBy(FIRST)));
    const tokens = await Promise.all(wishes.map((wish) => bench.token(wish)));
    expect(tokens.filter((_, index) => index % 2 === 1)).toEqual(Array.from({ length: 10 }, () => "second"));
    expect(bench.requests).toBe(1);
  });

  test("is not handed out when the provider cannot be reached", async () => {
    bench.replies.push(...Array.from({ length: 9 }, () => new Response("", { status: 503 })));
    const { token, error } = await bench.ask(refusedBy(FIRST));
    expect(token).toBeUndefined();
    expect(error?.code).toBe("ERR_PROVIDER_UNAVAILABLE");
  });

  test("is given again when it was renewed for that reason within five minutes, and then renewed anew", async () => {
    bench.replies.push(granted({ access_token: "second" }), granted({ access_token: "third" }));
    expect(await bench.token(refusedBy(FIRST))).toBe("second");
    bench.clock.advance(299_000);
    expect(await bench.token(refusedBy("second"))).toBe("second");
    expect(bench.requests).toBe(1);
    bench.clock.advance(1000);
    expect(await bench.token(refusedBy("second"))).toBe("third");
  });
});
