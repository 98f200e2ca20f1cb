/**
 * The token path in memory: what `src/tokens/get-token.ts` does, without files, encryption and OAuth2, for simulations in which there are a
 * million renewals. Smaller ones take the real one; both are held to the same properties.
 */
import type { Config } from "../../src/accounts/config.ts";
import type { Attempt } from "../../src/agent/renewing/renewal.ts";
import type { TokenTimes } from "../../src/agent/renewing/schedule.ts";
import { MailkeyError } from "../../src/errors.ts";
import { Secret } from "../../src/platform/secret.ts";
import { parseRetryAfter, type TokenOutcome } from "../../src/oauth/token-endpoint.ts";
import { elapsedMs, type Instant } from "../../src/platform/clock.ts";
import type { Fetch } from "../../src/platform/http.ts";
import { isUsable, remainingSeconds, requiredSeconds } from "../../src/tokens/freshness.ts";
import { patienceFor, renew } from "../../src/tokens/renew.ts";
import type { Account, CreateFetch, Tokens } from "./tokens.ts";
import type { Grant } from "./provider.ts";
import type { World } from "./simulate.ts";

interface Stored {
  refreshToken: string;
  obtainedAt: Instant;
  lifetimeSeconds: number;
  refusedAt?: Instant | undefined;
}

const REFUSAL_MEMORY_MS = 3_600_000;

export class ModelTokens implements Tokens {
  readonly #ports: World;
  readonly #vault = new Map<string, Stored>();
  readonly #locked = new Set<string>();
  readonly #failedAt = new Map<string, Instant>();

  constructor(ports: World) {
    this.#ports = ports;
  }

  signIn(account: Account, { refreshToken, lifetimeSeconds }: Grant): Promise<void> {
    this.#vault.set(account.address, { refreshToken, lifetimeSeconds, obtainedAt: this.#ports.clock.now() });
    return Promise.resolve();
  }

  times(account: Account): TokenTimes {
    const stored = this.#of(account);
    return { remainingSeconds: remainingSeconds(stored, this.#ports.clock.now()), ...stored };
  }

  /** Its processes are gone, and their locks with them. */
  restart(): void {
    this.#locked.clear();
  }

  async token(account: Account, createFetch: CreateFetch, minTtlSeconds?: number): Promise<Attempt> {
    const { clock, random } = this.#ports;
    const start = clock.now();
    const seen = this.#of(account).obtainedAt;
    if (this.#isFresh(account, minTtlSeconds)) return this.#inHand(account, false);
    while (this.#locked.has(account.address)) {
      await clock.sleep(100 * (0.5 + random()));
      if (this.#of(account).obtainedAt !== seen) return this.#inHand(account, false);
    }
    this.#locked.add(account.address);
    try {
      if (this.#of(account).obtainedAt !== seen) return this.#inHand(account, false);
      return await this.#refresh(account, start, createFetch, minTtlSeconds !== undefined);
    } finally {
      this.#locked.delete(account.address);
    }
  }

  async #refresh(account: Account, start: Instant, createFetch: CreateFetch, isForRenewer: boolean): Promise<Attempt> {
    const { clock, config, random, renewed: tell } = this.#ports;
    const stored = this.#of(account);
    if (stored.refusedAt !== undefined && elapsedMs(stored.refusedAt, clock.now()) < REFUSAL_MEMORY_MS)
      return this.#failure(account, "ERR_SIGN_IN_AGAIN");
    const failedAt = this.#failedAt.get(account.address);
    if (failedAt !== undefined && elapsedMs(start, failedAt) > 0 && elapsedMs(failedAt, clock.now()) >= 0)
      return this.#failure(account);
    const outcome = await renew(
      (fetch) => ask(fetch, stored.refreshToken),
      patienceFor(isForRenewer ? oneTry(config) : config, isUsable(stored, clock.now())),
      { clock, random, createFetch },
    );
    if (outcome.kind === "granted") {
      const { refreshToken, expiresInSeconds } = outcome.grant;
      const renewed = { obtainedAt: outcome.obtainedAt, lifetimeSeconds: expiresInSeconds };
      this.#vault.set(account.address, { refreshToken: refreshToken?.reveal() ?? stored.refreshToken, ...renewed });
      tell(account, remainingSeconds(renewed, clock.now()), expiresInSeconds);
      return this.#inHand(account, true);
    }
    if (outcome.kind === "permanent") {
      stored.refusedAt = clock.now();
      return this.#failure(account, "ERR_SIGN_IN_AGAIN");
    }
    this.#failedAt.set(account.address, clock.now());
    return this.#failure(account, "ERR_PROVIDER_UNAVAILABLE", outcome.retryAfterMs);
  }

  #of({ address }: Account): Stored {
    const stored = this.#vault.get(address);
    if (stored === undefined) throw new Error(`${address} has never signed in`);
    return stored;
  }

  #isFresh(account: Account, minTtlSeconds: number | undefined): boolean {
    const stored = this.#of(account);
    const required = minTtlSeconds ?? requiredSeconds(stored, this.#ports.config.marginSeconds);
    return remainingSeconds(stored, this.#ports.clock.now()) > required;
  }

  #inHand(account: Account, isNew: boolean): Attempt {
    return { kind: "fresh", isNew, ...this.times(account) };
  }

  #failure(
    account: Account,
    code: "ERR_PROVIDER_UNAVAILABLE" | "ERR_SIGN_IN_AGAIN" = "ERR_PROVIDER_UNAVAILABLE",
    retryAfterMs?: number,
  ): Attempt {
    const isPermanent = code === "ERR_SIGN_IN_AGAIN";
    const left = Math.max(0, this.times(account).remainingSeconds);
    return {
      kind: "failed",
      error: new MailkeyError(code, "no token"),
      isPermanent,
      retryAfterMs,
      remainingSeconds: left,
    };
  }
}

/** The renewer comes back by its own schedule. */
function oneTry(config: Config): Config {
  return { ...config, retryBudgetMs: 0 };
}

async function ask(fetch: Fetch, refreshToken: string): Promise<TokenOutcome> {
  try {
    const response = await fetch("", { method: "POST", body: new URLSearchParams({ refresh_token: refreshToken }) });
    const retryAfterMs = parseRetryAfter(response.headers);
    if (response.status === 400) return { kind: "permanent", error: "invalid_grant" };
    if (response.status !== 200 || response.headers.get("content-type")?.includes("json") !== true)
      return { kind: "transient", reason: "odd", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    const body = (await response.json()) as { access_token: string; refresh_token: string; expires_in: number };
    return {
      kind: "granted",
      grant: {
        accessToken: new Secret(body.access_token),
        refreshToken: new Secret(body.refresh_token),
        expiresInSeconds: body.expires_in,
        scope: "mail",
      },
    };
  } catch (cause) {
    return { kind: "transient", reason: "no network", cause };
  }
}
