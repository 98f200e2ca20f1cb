/** Keeps what a sign-in granted, and takes it out again: under the account's lock, so that no renewal comes in between. */
import { findResource } from "../accounts/resolve.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { TokenGrant } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import { acquireLock } from "../platform/lock.ts";
import { Secret } from "../platform/secret.ts";
import type { Credential } from "./credential.ts";
import { CredentialStore, type StorePorts } from "./store.ts";

export interface SignIn {
  readonly grant: TokenGrant;
  /** Taken before the code was redeemed. */
  readonly at: Instant;
  /** What the token is for; the provider's default resource when undefined. */
  readonly resource?: string;
  /** For accounts that keep a confidential client's secret in the vault. */
  readonly clientSecret?: Secret | undefined;
}

/** Long enough for a renewal in progress to end by itself. */
const LOCK_WAIT_MS = 90_000;

/**
 * Replaces the account's credential by what was granted just now. A client secret in the vault is kept when no new one comes.
 *
 * @throws ERR_SIGN_IN_FAILED when the provider gave no refresh token, ERR_LOCK_TIMEOUT, and the vault's errors
 */
export async function storeSignIn(ports: StorePorts, account: ResolvedAccount, signIn: SignIn): Promise<void> {
  const { grant, at } = signIn;
  if (grant.refreshToken === undefined) {
    throw new MailkeyError(
      "ERR_SIGN_IN_FAILED",
      `${account.provider.name} granted no refresh token: mailkey could not renew the access token`,
      {
        hint: "the client registration must allow offline access",
      },
    );
  }
  const refreshToken = grant.refreshToken.reveal();
  const resource = findResource(account.provider, signIn.resource).name;
  const token = {
    token: grant.accessToken.reveal(),
    obtainedAt: at,
    lifetimeSeconds: grant.expiresInSeconds,
    scope: grant.scope,
  };
  const store = new CredentialStore(ports, account.address);
  await underLock(ports, store, async () => {
    const clientSecret = signIn.clientSecret?.reveal() ?? (await previousClientSecret(store, account));
    const credential: Credential = {
      version: 1,
      refreshToken,
      signedInAt: at,
      refreshedAt: at,
      accessTokens: { [resource]: token },
      ...(clientSecret === undefined ? {} : { clientSecret }),
    };
    await store.save(credential);
  });
}

/** The stored refresh token, for revoking it. Undefined when nothing is stored. */
export async function storedRefreshToken(ports: StorePorts, address: string): Promise<Secret | undefined> {
  const loaded = await new CredentialStore(ports, address).load();
  return loaded?.credential.refreshToken === undefined ? undefined : new Secret(loaded.credential.refreshToken);
}

/** The client secret that the vault keeps for the account, if any. */
export async function storedClientSecret(ports: StorePorts, address: string): Promise<Secret | undefined> {
  const loaded = await new CredentialStore(ports, address).load();
  return loaded?.credential.clientSecret === undefined ? undefined : new Secret(loaded.credential.clientSecret);
}

/** Takes the credential out of the vault. */
export async function removeCredential(ports: StorePorts, address: string): Promise<void> {
  const store = new CredentialStore(ports, address);
  await underLock(ports, store, () => store.remove());
}

async function underLock<T>(ports: StorePorts, store: CredentialStore, work: () => Promise<T>): Promise<T> {
  const lock = await acquireLock(store.lockPath, { timeoutMs: LOCK_WAIT_MS, clock: ports.clock });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** Signing in must work over a damaged or locked old credential, unless something in it is still needed. */
async function previousClientSecret(store: CredentialStore, account: ResolvedAccount): Promise<string | undefined> {
  return account.client.secret === "vault" ? (await store.load())?.credential.clientSecret : undefined;
}
