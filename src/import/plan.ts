/** What another tool's file says, as an account and a credential of mailkey's. Nothing is written here. */
import { AccountSchema, type Account } from "../accounts/account.ts";
import { normaliseAddress } from "../accounts/address.ts";
import { resolveAccount, scopesOf } from "../accounts/resolve.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { Instant } from "../platform/clock.ts";
import { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell.ts";
import { checkShape } from "../platform/toml.ts";
import type { ClientRegistration, OAuthProvider } from "../providers/provider.ts";
import { findClient, refuseDisabledClient } from "../providers/registry.ts";
import type { Credential, StoredAccessToken } from "../tokens/credential.ts";
import { remainingSeconds } from "../tokens/freshness.ts";
import { refuseOtherDestination } from "./destination.ts";
import { identifyProvider, ownEndpoints, ownScopes } from "./identify.ts";
import type { ForeignFile, FoundAccount } from "./tool.ts";

/** No provider gives more than 28 hours. */
const LONGEST_LIFETIME_SECONDS = 48 * 3600;

export interface ImportPlan {
  readonly account: Account;
  /** Undefined when there is nothing for the vault: somebody has to sign in. */
  readonly credential: Credential | undefined;
  readonly provider: OAuthProvider;
  /** Undefined for a registration of the user's own. */
  readonly preset: ClientRegistration | undefined;
  /** Seconds that the access token which is carried over still lasts; undefined when there is none. */
  readonly accessTokenSeconds: number | undefined;
  readonly notTaken: readonly string[];
}

/**
 * What importing would make.
 *
 * @throws ERR_CLIENT_REJECTED for a client known not to work; ERR_CONFIG when something in the file does not fit; ERR_UNSUPPORTED
 */
export async function planImport(found: FoundAccount, file: ForeignFile, now: Instant): Promise<ImportPlan> {
  const { address, user, client, grant, redirectUri, servers } = found;
  normaliseAddress(address);
  await refuseDeadClient(client.id, address);
  if (found.endpoints.token === undefined)
    throw new MailkeyError("ERR_CONFIG", `cannot import ${address}: there is no token endpoint in ${file.path}`, {
      hint: `mailkey add ${shellWord(address)}`,
    });
  const known = await identifyProvider(address, found.endpoints.token);
  const preset = known === undefined ? undefined : findClient(known, client.id);
  // An application of its own asks for what the provider wants of applications, whatever the file says.
  const scopes = grant !== undefined && known !== undefined ? undefined : ownScopes(known, found.scopes);
  const endpoints = ownEndpoints(known, found.endpoints);
  const account: Account = checkShape(
    {
      address,
      provider: known?.id ?? "custom",
      ...(user === undefined || user === address ? {} : { user }),
      ...(grant === undefined ? {} : { grant }),
      client: {
        id: client.id,
        ...(preset === undefined ? {} : { preset: preset.preset }),
        ...(client.secret === undefined ? {} : { secret: client.secret instanceof Secret ? "vault" : client.secret }),
        ...(client.key === undefined ? {} : { key: client.key }),
        ...(preset !== undefined || redirectUri === undefined ? {} : { redirect_uris: [redirectUri] }),
      },
      ...(scopes === undefined ? {} : { scopes }),
      ...(endpoints === undefined ? {} : { endpoints }),
      ...(known !== undefined || servers === undefined || Object.keys(servers).length === 0 ? {} : { servers }),
    },
    AccountSchema,
    file.path,
  );
  await refuseOtherDestination(account);
  const { provider } = await resolveAccount(account);
  const accessToken = believable(found.accessToken, now);
  const credential = credentialOf({ ...found, accessToken }, provider, file, now);
  return {
    account,
    credential,
    provider,
    preset,
    accessTokenSeconds: secondsLeft({ ...found, accessToken }, now),
    notTaken: [
      ...found.notTaken,
      ...(known === undefined ? ["what the provider is like: mailkey does not know it"] : []),
    ],
  };
}

/** Whether somebody has to sign in before there are tokens. */
export function needsSignIn({ account, credential }: ImportPlan): boolean {
  return account.grant === undefined && credential?.refreshToken === undefined;
}

function credentialOf(
  { refreshToken, accessToken, client }: FoundAccount,
  { resources }: OAuthProvider,
  { modifiedMs }: ForeignFile,
  now: Instant,
): Credential | undefined {
  const clientSecret = client.secret instanceof Secret ? client.secret.reveal() : undefined;
  if (refreshToken === undefined && clientSecret === undefined) return undefined;
  // When a person signed in is in no file; that the grant was alive when the file was last written is.
  const lastSeen = accessToken?.obtainedAt ?? { wallMs: modifiedMs };
  const [resource] = resources;
  const isAlive = accessToken !== undefined && remainingSeconds(accessToken, now) > 0;
  const scope = accessToken?.scope === "" ? scopesOf(resource).join(" ") : accessToken?.scope;
  return {
    version: 1,
    ...(refreshToken === undefined ? {} : { refreshToken: refreshToken.reveal() }),
    signedInAt: lastSeen,
    refreshedAt: lastSeen,
    accessTokens: isAlive ? { [resource.name]: { ...accessToken, scope: scope ?? "" } } : {},
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
}

/** Undefined for a token whose times cannot be: one that lasts for years would never be renewed. */
function believable(token: StoredAccessToken | undefined, now: Instant): StoredAccessToken | undefined {
  if (token === undefined || !(token.lifetimeSeconds <= LONGEST_LIFETIME_SECONDS)) return undefined;
  const ageMs = now.wallMs - token.obtainedAt.wallMs;
  return Math.abs(ageMs) <= LONGEST_LIFETIME_SECONDS * 1000 ? token : undefined;
}

function secondsLeft({ accessToken, refreshToken }: FoundAccount, now: Instant): number | undefined {
  if (accessToken === undefined || refreshToken === undefined) return undefined;
  const left = remainingSeconds(accessToken, now);
  return left > 0 ? Math.floor(left) : undefined;
}

/** A sign-in belongs to its client: when that is dead, nothing of it can be carried over. */
async function refuseDeadClient(id: string, address: string): Promise<void> {
  try {
    await refuseDisabledClient(id);
  } catch (error) {
    if (!isMailkeyError(error, "ERR_CLIENT_REJECTED")) throw error;
    throw new MailkeyError(error.code, error.message, { cause: error, hint: `mailkey add ${shellWord(address)}` });
  }
}
