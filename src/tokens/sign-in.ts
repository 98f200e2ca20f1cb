/**
 * Keeps what a sign-in granted, or a first token where nobody signs in, and takes it out again: under the account's lock, so that no
 * renewal comes in between.
 */
import { findResource } from "../accounts/resolve.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { TokenGrant } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import { acquireLock } from "../platform/lock.ts";
import { Secret } from "../platform/secret.ts";
import type { Credential } from "./credential.ts";
import { signInEndAfter } from "./sign-in-end.ts";
import { CredentialStore, type StorePorts } from "./store.ts";

export interface SignIn {
  readonly grant: TokenGrant;
  /** Taken before the code was redeemed. */
  readonly at: Instant;
  /** What the token is for; the provider's default resource when undefined. */
  readonly resource?: string;
  /** For accounts that keep a confidential client's secret in the vault. */
  readonly clientSecret?: Secret | undefined;
  /** For accounts that keep a service account's key in the vault: the file's content. */
  readonly serviceAccount?: Secret | undefined;
}

/** Live secrets, as the credential has them. */
export type KeptSecrets = Pick<Credential, "clientSecret" | "serviceAccount">;

/** Long enough for a renewal in progress to end by itself. */
const LOCK_WAIT_MS = 90_000;

/**
 * Replaces the account's credential by what was granted just now. What the vault keeps besides is kept when nothing new comes.
 *
 * @throws ERR_SIGN_IN_FAILED when the provider gave no refresh token for a sign-in, ERR_LOCK_TIMEOUT, and the vault's errors
 */
export async function storeSignIn(ports: StorePorts, account: ResolvedAccount, signIn: SignIn): Promise<void> {
  const { grant, at } = signIn;
  if (grant.refreshToken === undefined && account.grant === "sign_in") {
    throw new MailkeyError(
      "ERR_SIGN_IN_FAILED",
      `${account.provider.name} granted no refresh token: mailkey could not renew the access token`,
      {
        hint: "the client registration must allow offline access",
      },
    );
  }
  const refreshToken = account.grant === "sign_in" ? grant.refreshToken?.reveal() : undefined;
  const resource = findResource(account.provider, signIn.resource).name;
  const token = {
    token: grant.accessToken.reveal(),
    obtainedAt: at,
    lifetimeSeconds: grant.expiresInSeconds,
    scope: grant.scope,
  };
  const signInEnd = refreshToken === undefined ? undefined : signInEndAfter(undefined, grant, at);
  const store = new CredentialStore(ports, account.credential);
  await underLock(ports, store, async () => {
    const previous = await previouslyKept(store, account);
    const clientSecret = signIn.clientSecret?.reveal() ?? previous.clientSecret;
    const serviceAccount = signIn.serviceAccount?.reveal() ?? previous.serviceAccount;
    const credential: Credential = {
      version: 1,
      ...(refreshToken === undefined ? {} : { refreshToken }),
      signedInAt: at,
      refreshedAt: at,
      ...(signInEnd === undefined ? {} : { signInEnd }),
      accessTokens: { [resource]: token },
      ...(clientSecret === undefined ? {} : { clientSecret }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
    };
    await store.save(credential);
  });
}

/** The stored refresh token, for revoking it. Undefined when nothing is stored. */
export async function storedRefreshToken(ports: StorePorts, address: string): Promise<Secret | undefined> {
  const loaded = await new CredentialStore(ports, address).load();
  return loaded?.credential.refreshToken === undefined ? undefined : new Secret(loaded.credential.refreshToken);
}

/** The client secret and service account that the vault keeps for the account, if any; nothing when the account has them elsewhere. */
export async function storedSecrets(ports: StorePorts, account: ResolvedAccount): Promise<KeptSecrets> {
  return previouslyKept(new CredentialStore(ports, account.credential), account);
}

/** Takes what the provider granted out of the vault. A secret or key that the account keeps there stays: it may be nowhere else. */
export async function forgetGrant(ports: StorePorts, account: ResolvedAccount): Promise<void> {
  const store = new CredentialStore(ports, account.credential);
  await underLock(ports, store, async () => {
    const kept = await previouslyKept(store, account);
    if (kept.clientSecret === undefined && kept.serviceAccount === undefined) return store.remove();
    return store.save({ version: 1, signedInAt: ports.clock.now(), accessTokens: {}, ...kept });
  });
}

/** Takes the whole credential out of the vault. */
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
async function previouslyKept(store: CredentialStore, { account }: ResolvedAccount): Promise<KeptSecrets> {
  const isNeeded = account.client.secret === "vault" || account.service_account === "vault";
  const { clientSecret, serviceAccount } = (isNeeded ? await store.load() : undefined)?.credential ?? {};
  return {
    ...(account.client.secret === "vault" ? { clientSecret } : {}),
    ...(account.service_account === "vault" ? { serviceAccount } : {}),
  };
}
