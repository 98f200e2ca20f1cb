/** Which provider of the registry an endpoint belongs to, and what of the tool's values differs from it. */
import type { Account } from "../accounts/account.ts";
import { scopesOf } from "../accounts/resolve.ts";
import { matchDomain, toHostName } from "../providers/domain.ts";
import type { Endpoints, OAuthProvider } from "../providers/provider.ts";
import { loadAllProviders } from "../providers/registry.ts";

/** Hosts that stand for each other: Google's token endpoint has moved twice, and all three answer. */
const SAME_HOST: ReadonlyMap<string, string> = new Map([
  ["accounts.google.com", "oauth2.googleapis.com"],
  ["www.googleapis.com", "oauth2.googleapis.com"],
]);
/** Microsoft's words for many tenants: which one a tool used does not matter. */
const SHARED_TENANT = /^\/(?:common|organizations|consumers)\//;
/** Scopes of the sign-in itself: mailkey adds its own. */
const SIGN_IN_SCOPES = new Set(["offline_access", "openid", "profile", "email"]);
/** Exchange's older name for the same resource: work accounts take both, personal ones only the newer. */
const OLD_OUTLOOK = /^https:\/\/outlook\.office365\.com\//;

type FoundEndpoints = Pick<Endpoints, "authorization" | "token" | "device">;

/** By the host of the token endpoint; where several share it, by the domain of the address. Undefined for one that is not known. */
export async function identifyProvider(address: string, token: string | undefined): Promise<OAuthProvider | undefined> {
  const host = hostOf(token);
  if (host === undefined) return undefined;
  const candidates = (await loadOAuthProviders()).filter(({ endpoints, regions = [] }) =>
    [endpoints, ...regions.map((region) => region.endpoints)].some((each) => hostOf(each?.token) === host),
  );
  const domain = toHostName(address.slice(address.lastIndexOf("@") + 1));
  return (domain === null ? undefined : matchDomain(domain, candidates)) ?? candidates[0];
}

/** What has to be in the account file because it is not the provider's own. */
export function ownEndpoints(provider: OAuthProvider | undefined, found: FoundEndpoints): FoundEndpoints | undefined {
  const { authorization, token, device } = found;
  const own = {
    ...(authorization === undefined ? {} : { authorization }),
    ...(token === undefined ? {} : { token }),
    ...(device === undefined ? {} : { device }),
  };
  if (provider === undefined) return own;
  const theirs = provider.endpoints.token;
  if (token === undefined || theirs === undefined || sameEndpoint(token, theirs)) return undefined;
  return own;
}

/** Scopes by resource, where they are not what mailkey would ask for; undefined when they are. */
export function ownScopes(
  provider: OAuthProvider | undefined,
  found: readonly string[] | undefined,
): Account["scopes"] | undefined {
  const asked = (found ?? []).filter((scope) => !SIGN_IN_SCOPES.has(scope));
  if (asked.length === 0) return undefined;
  if (provider === undefined) return { mail: asked };
  const [resource] = provider.resources;
  const theirs = scopesOf(resource);
  const isMicrosoft = theirs.some((scope) => scope.startsWith("https://outlook.office.com/"));
  const own = isMicrosoft ? asked.map((scope) => scope.replace(OLD_OUTLOOK, "https://outlook.office.com/")) : asked;
  const isSame = own.length === theirs.length && own.every((scope) => theirs.includes(scope));
  return isSame ? undefined : { [resource.name]: own };
}

function sameEndpoint(one: string, other: string): boolean {
  if (one === other) return true;
  if (hostOf(one) !== hostOf(other)) return false;
  const [a, b] = [new URL(one).pathname, new URL(other).pathname];
  return hostOf(one) === "oauth2.googleapis.com" || (SHARED_TENANT.test(a) && SHARED_TENANT.test(b));
}

export async function loadOAuthProviders(): Promise<OAuthProvider[]> {
  return (await loadAllProviders()).filter((provider) => provider.kind === "oauth2");
}

/** Of all its endpoints, those of its regions included. */
export function hostsOf({ endpoints, regions = [] }: OAuthProvider): ReadonlySet<string> {
  const all = [endpoints, ...regions.map((region) => region.endpoints ?? {})];
  return new Set(
    all.flatMap(({ authorization, token, device }) =>
      [authorization, token, device].flatMap((url) => hostOf(url) ?? []),
    ),
  );
}

/** With its port; of several that stand for each other always the same. Undefined for what is no URL. */
export function hostOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { host } = new URL(url);
  return SAME_HOST.get(host) ?? host;
}
