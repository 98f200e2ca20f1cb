/**
 * The path of a token, the heart of mailkey.
 *
 * 1. A cached access token with enough left is returned; no lock, no network.
 * 2. Otherwise the account's lock is taken across processes and the vault read again: somebody may have been faster.
 * 3. Only then is the refresh token used, and the answer is durable before the access token is handed out.
 * 4. A failure takes nothing away: what is still valid is still served, and nothing is ever deleted.
 */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { findResource, scopesOf } from "../accounts/resolve.ts";
import type { Config } from "../accounts/config.ts";
import type { KeyPorts } from "../accounts/client-key.ts";
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import type { PermanentFailure, TokenGrant } from "../oauth/token-endpoint.ts";
import { elapsedMs, type Instant } from "../platform/clock.ts";
import { Secret } from "../platform/secret.ts";
import type { AccessToken, Credential, StoredAccessToken } from "./credential.ts";
import { digestOf } from "./digest.ts";
import { expiresAtMs, isUsable, remainingSeconds, requiredSeconds } from "./freshness.ts";
import { holderLimitMs, lockOrSuperseded, type Held } from "./lock-or-superseded.ts";
import { IMPATIENT_MS, patienceFor, renew, type RenewPorts } from "./renew.ts";
import { busyError, refusedError, signInNeeded, unavailableError } from "./failures.ts";
import { signInEndAfter } from "./sign-in-end.ts";
import { CredentialStore, type Loaded, type StorePorts } from "./store.ts";

export interface TokenPorts extends StorePorts, KeyPorts, RenewPorts {
  readonly config: Config;
  /** Says what is being done, for `--verbose`. Never a secret. */
  readonly trace?: (step: string) => void;
}

export interface TokenRequest {
  /** `outlook`, `graph`, …; the provider's default when undefined. */
  readonly resource?: string | undefined;
  /** Seconds the token must still last. Overrides the configured margin, and is not cut to half of the lifetime. */
  readonly minTtlSeconds?: number | undefined;
  /** Renew even when the cached token would do. */
  readonly force?: boolean | undefined;
  /** The digest (`digestOf`) of a token that a mail server has refused, though it should still be good: as if that had ended. */
  readonly refused?: string | undefined;
}

export interface TokenAnswer {
  readonly token: AccessToken;
  /** `superseded`: another process renewed it meanwhile; `stale`: renewal failed, but this one is still valid. */
  readonly source: "cached" | "refreshed" | "superseded" | "stale";
  /** What the user has to know soon: the sign-in is over and this is the last of it. */
  readonly warning?: MailkeyError;
  /** Why it is stale. */
  readonly failure?: MailkeyError;
}

/** How long a refusal is believed before the provider is asked again: providers err too, and recover. */
const REFUSAL_MEMORY_MS = 60 * 60 * 1000;
/** Failures that pass by themselves: not worth a warning while a token is still valid. */
const PASSING: ReadonlySet<string> = new Set(["ERR_PROVIDER_UNAVAILABLE", "ERR_LOCK_TIMEOUT"]);
/**
 * @throws ERR_SIGN_IN_AGAIN, ERR_CLIENT_REJECTED, ERR_PROVIDER_UNAVAILABLE, ERR_LOCK_TIMEOUT, ERR_STORAGE, and the vault's errors
 */
export async function getToken(
  ports: TokenPorts,
  account: ResolvedAccount,
  request: TokenRequest = {},
): Promise<TokenAnswer> {
  const task = new TokenTask(ports, account, request);
  return task.run();
}

class TokenTask {
  readonly #ports: TokenPorts;
  readonly #account: ResolvedAccount;
  readonly #request: TokenRequest;
  readonly #store: CredentialStore;
  readonly #resource: string;
  readonly #scope: string;
  readonly #start: Instant;
  /** When the token that this task found first was obtained. */
  #seenAtMs: number | undefined;

  constructor(ports: TokenPorts, account: ResolvedAccount, request: TokenRequest) {
    const resource = findResource(account.provider, request.resource);
    this.#ports = ports;
    this.#account = account;
    this.#request = request;
    this.#store = new CredentialStore(ports, account.credential);
    this.#resource = resource.name;
    this.#scope = [...scopesOf(resource), ...account.provider.refreshScopes].join(" ");
    this.#start = ports.clock.now();
  }

  async run(): Promise<TokenAnswer> {
    const first = await this.#load();
    this.#seenAtMs = first.credential.accessTokens[this.#resource]?.obtainedAt.wallMs;
    const cached = this.#freshToken(first.credential);
    if (cached !== undefined && this.#request.force !== true) return this.#answer(cached, "cached");
    try {
      return await this.#renewed(first);
    } catch (error) {
      // A full disk or a lock that cannot be had is no reason to withhold a token that is still valid.
      if (!isMailkeyError(error) || error.code === "ERR_INTERRUPTED") throw error;
      return this.#fallBack(this.#stillValid(first.credential), error);
    }
  }

  async #renewed(first: Loaded): Promise<TokenAnswer> {
    const held = await this.#lockOrSuperseded(first);
    if ("superseding" in held) return held.superseding;
    try {
      const { credential } = await this.#load();
      const superseding = this.#supersedingToken(credential);
      if (superseding !== undefined) return this.#answer(superseding, "superseded");
      return await this.#refresh(credential);
    } finally {
      held.lock.release();
    }
  }

  async #load(): Promise<Loaded> {
    const loaded = await this.#store.load();
    if (loaded !== undefined) return loaded;
    if (this.#account.grant === "sign_in") throw signInNeeded(this.#account.credential);
    return { credential: { version: 1, signedInAt: this.#start, accessTokens: {} }, stamp: undefined };
  }

  #lockOrSuperseded(first: Loaded): Promise<Held<TokenAnswer>> {
    const fallback = this.#stillValid(first.credential);
    const limitMs = fallback === undefined ? holderLimitMs(this.#ports.config) : IMPATIENT_MS;
    let { stamp } = first;
    const look = async () => {
      if (!(await this.#store.changedSince(stamp))) return undefined;
      const loaded = await this.#load();
      ({ stamp } = loaded);
      const superseding = this.#supersedingToken(loaded.credential);
      return superseding === undefined ? undefined : this.#answer(superseding, "superseded");
    };
    const giveUp = () => this.#fallBack(fallback, busyError(this.#account.address));
    return lockOrSuperseded(this.#store.lockPath, limitMs, this.#ports, look, giveUp);
  }

  async #refresh(credential: Credential): Promise<TokenAnswer> {
    const fallback = this.#stillValid(credential);
    const known = this.#knownFailure(credential);
    if (known !== undefined) return this.#fallBack(fallback, known);

    const { prepareAsk, refusalError } = await import("./ask.ts"); // not needed for a cached token
    const ask = await prepareAsk(this.#account, credential, this.#scope, this.#ports);
    // Proves that the vault can be written before the old refresh token is spent on an answer that could not be kept.
    await this.#store.save(credential);
    const outcome = await renew(
      (fetch) => {
        this.#ports.trace?.(`asking ${this.#account.provider.name} for a new access token (${this.#resource})`);
        return ask(fetch);
      },
      patienceFor(this.#ports.config, fallback !== undefined),
      this.#ports,
    );
    if (outcome.kind === "granted") {
      const token = await this.#keep(credential, outcome.grant, outcome.obtainedAt);
      return this.#answer(token, "refreshed");
    }
    if (outcome.kind === "permanent") {
      const error = refusalError(this.#account, outcome, this.#ports.clock.now());
      await this.#noteRefusal(credential, outcome, error);
      return this.#fallBack(fallback, error);
    }
    this.#store.record(credential, { kind: "transient", at: this.#ports.clock.now(), reason: outcome.reason });
    return this.#fallBack(fallback, unavailableError(this.#account.address, outcome));
  }

  /** Durable when it returns. */
  async #keep(credential: Credential, grant: TokenGrant, obtainedAt: Instant): Promise<StoredAccessToken> {
    const { refused: _cleared, signInEnd: _known, ...kept } = credential;
    const signInEnd = signInEndAfter(credential, grant, obtainedAt);
    const token = {
      token: grant.accessToken.reveal(),
      obtainedAt,
      lifetimeSeconds: grant.expiresInSeconds,
      scope: grant.scope,
    };
    await this.#saveGrant({
      ...kept,
      refreshToken: grant.refreshToken?.reveal() ?? credential.refreshToken,
      refreshedAt: obtainedAt,
      ...(signInEnd === undefined ? {} : { signInEnd }),
      accessTokens: { ...credential.accessTokens, [this.#resource]: token },
    });
    return token;
  }

  /** A rotated refresh token exists nowhere else now: one more try before giving it up. */
  async #saveGrant(credential: Credential): Promise<void> {
    try {
      await this.#store.save(credential);
    } catch {
      await this.#ports.clock.sleep(250);
      await this.#store.save(credential);
    }
  }

  /** A refusal that was remembered lately, or a failure that another process met while this one waited for its lock. */
  #knownFailure(credential: Credential): MailkeyError | undefined {
    if (this.#request.force === true) return undefined;
    const { refused } = credential;
    const now = this.#ports.clock.now();
    if (refused !== undefined && refused.clientId === this.#account.client.id) {
      const age = elapsedMs(refused.at, now);
      if (age >= 0 && age < REFUSAL_MEMORY_MS) return refusedError(this.#account, refused);
    }
    const failure = this.#store.lastFailure();
    // One of before a restart may seem to lie ahead, when the clock has been wrong since.
    const isMeanwhile = (at: Instant) => elapsedMs(this.#start, at) > 0 && elapsedMs(at, now) >= 0;
    if (failure?.kind === "transient" && isMeanwhile(failure.at)) {
      return unavailableError(this.#account.address, { kind: "transient", reason: failure.reason });
    }
    return undefined;
  }

  /** Only what a new sign-in mends is remembered: a client or secret may be corrected at any moment. */
  async #noteRefusal(credential: Credential, failure: PermanentFailure, told: MailkeyError): Promise<void> {
    const { error, vendorCode } = failure;
    const at = this.#ports.clock.now();
    const refused = {
      error,
      at,
      clientId: this.#account.client.id,
      ...(vendorCode === undefined ? {} : { vendorCode }),
    };
    const noted = told.code === "ERR_SIGN_IN_AGAIN" ? { ...credential, refused } : credential;
    try {
      if (noted !== credential) await this.#store.save(noted);
    } catch {
      // the provider will say it again next time; the refusal itself is what the user has to hear
    }
    this.#store.record(noted, { kind: "permanent", at, reason: told.message });
  }

  /** The token that is still valid, or the error. An outage passes by itself; everything else is worth a warning. */
  #fallBack(token: StoredAccessToken | undefined, error: MailkeyError): TokenAnswer {
    if (token === undefined || this.#request.force === true) throw error;
    this.#ports.trace?.(`${error.message}: using the token that is still valid`);
    return {
      ...this.#answer(token, "stale"),
      failure: error,
      ...(PASSING.has(error.code) ? {} : { warning: error }),
    };
  }

  #freshToken(credential: Credential): StoredAccessToken | undefined {
    const token = credential.accessTokens[this.#resource];
    if (token === undefined || this.#isRefused(token)) return undefined;
    const required = this.#request.minTtlSeconds ?? requiredSeconds(token, this.#ports.config.marginSeconds);
    return remainingSeconds(token, this.#ports.clock.now()) > required ? token : undefined;
  }

  /** A token that came since this task began is as new as it gets, even when it cannot satisfy `minTtlSeconds`. */
  #supersedingToken(credential: Credential): StoredAccessToken | undefined {
    const token = credential.accessTokens[this.#resource];
    if (token !== undefined && token.obtainedAt.wallMs !== this.#seenAtMs) return token;
    return this.#request.force === true ? undefined : this.#freshToken(credential);
  }

  #stillValid(credential: Credential): StoredAccessToken | undefined {
    const token = credential.accessTokens[this.#resource];
    return token !== undefined && !this.#isRefused(token) && isUsable(token, this.#ports.clock.now())
      ? token
      : undefined;
  }

  #isRefused({ token }: StoredAccessToken): boolean {
    const { refused } = this.#request;
    return refused !== undefined && refused === digestOf(token);
  }

  #answer(token: StoredAccessToken, source: TokenAnswer["source"]): TokenAnswer {
    const now = this.#ports.clock.now();
    this.#ports.trace?.(
      `${source} access token for ${this.#resource}, ${Math.round(remainingSeconds(token, now))} s left`,
    );
    return {
      source,
      token: {
        value: new Secret(token.token),
        resource: this.#resource,
        scope: token.scope,
        expiresAtMs: expiresAtMs(token, now),
        obtainedAt: token.obtainedAt,
        lifetimeSeconds: token.lifetimeSeconds,
      },
    };
  }
}
