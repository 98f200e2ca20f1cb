/** The token path itself for the simulation: account files, locks and records on disk, a vault in memory. */
import { join } from "node:path";
import type { CreateFetch, Account, Tokens } from "../../../bench/renewals/tokens.ts";
import type { Grant } from "../../../bench/renewals/provider.ts";
import type { World } from "../../../bench/renewals/simulate.ts";
import { saveAccount } from "../../../src/accounts/store.ts";
import type { Attempt } from "../../../src/agent/renewing/renewal.ts";
import type { TokenTimes } from "../../../src/agent/renewing/schedule.ts";
import { TokenService } from "../../../src/agent/serving/tokens.ts";
import { resolvePaths, type Paths } from "../../../src/platform/paths.ts";
import { decodeCredential, encodeCredential, type StoredAccessToken } from "../../../src/tokens/credential.ts";
import { remainingSeconds } from "../../../src/tokens/freshness.ts";
import { MemoryVault } from "../../support/memory-vault.ts";

const RESOURCE = "mail";

export class RealTokens implements Tokens {
  readonly #world: World;
  readonly #vault = new MemoryVault();
  readonly #home: string;
  #paths: Paths;
  #restarts = 0;

  constructor(world: World, home: string) {
    this.#world = world;
    this.#home = home;
    this.#paths = resolvePaths({ MAILKEY_HOME: home });
    for (const { address, provider } of world.accounts) {
      saveAccount(this.#paths, {
        address,
        provider: "custom",
        client: { id: "client" },
        scopes: { [RESOURCE]: ["mail"] },
        endpoints: { token: `${provider.origin}/token` },
      });
    }
  }

  async signIn({ address }: Account, { refreshToken, lifetimeSeconds }: Grant): Promise<void> {
    const now = this.#world.clock.now();
    const accessTokens = { [RESOURCE]: { token: "access", obtainedAt: now, lifetimeSeconds, scope: "mail" } };
    await this.#vault.write(address, encodeCredential({ version: 1, refreshToken, signedInAt: now, accessTokens }));
  }

  times(account: Account): TokenTimes {
    const token = this.#stored(account);
    return {
      lifetimeSeconds: token.lifetimeSeconds,
      remainingSeconds: remainingSeconds(token, this.#world.clock.now()),
    };
  }

  /** Each asker is a process of its own here: what they share is on disk and in the vault. */
  async token(account: Account, createFetch: CreateFetch, minTtlSeconds?: number): Promise<Attempt> {
    const { address } = account;
    const before = this.#stored(account).obtainedAt;
    let attempt: Attempt | undefined;
    const service = this.#service(createFetch, minTtlSeconds !== undefined, (came) => (attempt = came));
    if (minTtlSeconds === undefined) await service.answer({ address });
    else attempt = await service.renew({ address, resource: RESOURCE }, minTtlSeconds);
    const token = this.#stored(account);
    if (attempt?.kind === "fresh" && attempt.isNew && token.obtainedAt !== before) {
      const { remainingSeconds: remaining, lifetimeSeconds } = this.times(account);
      this.#world.renewed(account, remaining, lifetimeSeconds);
    }
    return attempt ?? { kind: "fresh", isNew: false, ...this.times(account) };
  }

  /** What locks the dead processes held is gone with the folder. */
  restart(): void {
    this.#restarts += 1;
    this.#paths = { ...this.#paths, state: join(this.#home, `state-${this.#restarts}`) };
  }

  #stored({ address }: Account): StoredAccessToken {
    const bytes = this.#vault.values.get(address) ?? new Uint8Array();
    const token = decodeCredential(bytes, address).accessTokens[RESOURCE];
    if (token === undefined) throw new Error(`${address} has never signed in`);
    return token;
  }

  #service(createFetch: CreateFetch, isForRenewer: boolean, attempted: (attempt: Attempt) => void): TokenService {
    const { clock, config, random } = this.#world;
    return new TokenService({
      clock,
      lease: () => ({
        ports: {
          env: {},
          paths: this.#paths,
          clock,
          random,
          config: isForRenewer ? { ...config, retryBudgetMs: 0 } : config,
          openVault: () => Promise.resolve(this.#vault),
          createFetch,
        },
        end: () => undefined,
      }),
      observe: () => undefined,
      attempted: (_target, attempt) => attempted(attempt),
      answered: () => undefined,
    });
  }
}
