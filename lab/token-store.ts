/**
 * What the authorization server remembers: sessions, grants, codes, tokens. It outlives the server, so that a restart of the
 * server loses nothing, and it is where the lab bends time (`expireAccessTokens`) and rotation (`keepsUsedRefreshTokens`).
 */
import type { Adapter, Payload } from "oidc-provider";

interface Entry {
  readonly model: string;
  readonly id: string;
  readonly payload: Payload;
}

/** Models whose id is the secret itself. */
const SECRET_MODELS: ReadonlySet<string> = new Set([
  "AccessToken",
  "ClientCredentials",
  "RefreshToken",
  "AuthorizationCode",
  "DeviceCode",
]);

export class TokenStore {
  /** Microsoft's habit: a used refresh token stays valid although a new one was given out. */
  keepsUsedRefreshTokens = false;
  readonly #entries = new Map<string, Entry>();
  readonly #secrets = new Set<string>();
  readonly #refreshTokens = new Set<string>();

  /** Every code and token that was given out, and what was noted: what must turn up nowhere else. */
  get secrets(): readonly string[] {
    return [...this.#secrets];
  }

  /** Those among them that are refresh tokens, used ones included. */
  get refreshTokens(): readonly string[] {
    return [...this.#refreshTokens];
  }

  /** Remembers a secret that a client made up itself: a PKCE verifier, an assertion, a key. */
  noteSecret(value: string): void {
    this.#secrets.add(value);
  }

  /** Every access token given out so far is expired from now on, whatever its holder was told. */
  expireAccessTokens(): void {
    for (const { model, payload } of this.#entries.values()) {
      if (model === "AccessToken" || model === "ClientCredentials") payload.exp = Math.floor(Date.now() / 1000) - 1;
    }
  }

  /** Forgets all grants of a user with all their tokens, as a changed password does. */
  revokeGrantsOf(login: string): void {
    for (const [key, { payload }] of this.#entries) if (payload.accountId === login) this.#entries.delete(key);
  }

  /** How many refresh tokens are stored that nobody has used up. */
  liveRefreshTokens(login: string): number {
    const isLive = ({ model, payload }: Entry) =>
      model === "RefreshToken" && payload.accountId === login && payload.consumed === undefined;
    return [...this.#entries.values()].filter(isLive).length;
  }

  /** The view that oidc-provider asks for each of its models. */
  adapter(model: string): Adapter {
    const entries = this.#entries;
    const key = (id: string) => `${model}:${id}`;
    const findBy = async (matches: (payload: Payload) => boolean) =>
      [...entries.values()].find((entry) => entry.model === model && matches(entry.payload))?.payload;
    return {
      upsert: async (id, payload) => {
        entries.set(key(id), { model, id, payload });
        if (SECRET_MODELS.has(model)) this.#secrets.add(id);
        if (model === "RefreshToken") this.#refreshTokens.add(id);
      },
      find: async (id) => entries.get(key(id))?.payload,
      findByUid: (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: (userCode) => findBy((payload) => payload.userCode === userCode),
      consume: async (id) => {
        const payload = entries.get(key(id))?.payload;
        if (payload === undefined || (model === "RefreshToken" && this.keepsUsedRefreshTokens)) return;
        payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        entries.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [name, { payload }] of entries) if (payload.grantId === grantId) entries.delete(name);
      },
    };
  }
}
