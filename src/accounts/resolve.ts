/** An account combined with what is known of its provider: all that signing in, renewing and logging in need. */
import { MailkeyError } from "../errors.ts";
import type { Paths } from "../platform/paths.ts";
import type { MailServer, OAuthProvider, Protocol, Resource } from "../providers/provider.ts";
import { findClient, loadProvider } from "../providers/registry.ts";
import { isShared, type Account, type SharedMailbox } from "./account.ts";
import { readAccount, requireAccount } from "./store.ts";
import { shellLine, shellWord } from "../platform/shell.ts";

export interface ResolvedClient {
  readonly id: string;
  /** The name that the provider shows at consent; the id itself for a registration of the user's own. */
  readonly name: string;
  readonly preset: string | undefined;
  /** Where a confidential client's secret is; undefined for a public client. */
  readonly secret: Account["client"]["secret"];
  /** What it signs with instead; undefined for all others. */
  readonly key: Account["client"]["key"];
  readonly redirectUris: readonly string[];
  /** Undefined when nobody knows. */
  readonly deviceFlow: boolean | undefined;
}

/** Where its tokens come from: a person who signed in, the application itself, or a service account. */
export type GrantKind = "sign_in" | "client_credentials" | "service_account";

export interface ResolvedAccount {
  /** As its file has it; of a shared mailbox, what its two files come to. */
  readonly account: Account;
  readonly address: string;
  readonly grant: GrantKind;
  /** The account whose credential is used, by its address: another one's for a shared mailbox. */
  readonly credential: string;
  /** The SASL user name. */
  readonly user: string;
  /** Who has to sign in. */
  readonly login: string;
  /** The provider's facts with the account's own endpoints, servers and scopes in their place. */
  readonly provider: OAuthProvider;
  readonly client: ResolvedClient;
}

/** The registered redirects of a client about which nothing is said: RFC 8252 7.3 loopback, any port. */
const USUAL_REDIRECTS = ["http://localhost", "http://127.0.0.1"];

/** Reads the account of `address` (the only one when undefined), and that which it shares, and resolves it. */
export async function loadAccount(paths: Paths, address: string | undefined): Promise<ResolvedAccount> {
  const file = requireAccount(paths, address);
  if (!isShared(file)) return resolveAccount(file);
  return resolveShared(lenderOf(paths, file), file);
}

/** A shared mailbox, opened with the lender's credential. @throws ERR_UNSUPPORTED for a service account's, and what `resolveAccount` throws */
export async function resolveShared(lender: Account, mailbox: SharedMailbox): Promise<ResolvedAccount> {
  if (lender.service_account === undefined) return resolveAccount(sharing(lender, mailbox), lender.address);
  const { address } = mailbox;
  throw new MailkeyError(
    "ERR_UNSUPPORTED",
    `${address} cannot use the tokens of ${lender.address}: a service account's are for one mailbox each`,
    { hint: `${shellLine(["mailkey", "add", address])} --replace --service-account FILE` },
  );
}

/**
 * @param credential whose credential is used; the account's own unless given
 * @throws ERR_CONFIG, ERR_PROVIDER_UNKNOWN, ERR_UNSUPPORTED when the provider has no OAuth2 for mail, or not that grant
 */
export async function resolveAccount(account: Account, credential = account.address): Promise<ResolvedAccount> {
  const provider = account.provider === "custom" ? customProvider(account) : await loadProvider(account.provider);
  if (provider.kind !== "oauth2") throw new MailkeyError("ERR_UNSUPPORTED", `${provider.name}: ${provider.advice}`);
  const grant = grantKindOf(account, provider);
  const preset = findClient(provider, account.client.preset ?? account.client.id);
  return {
    account,
    address: account.address,
    grant,
    credential,
    user: account.user ?? account.address,
    login: account.login ?? account.address,
    provider:
      grant === "sign_in" ? overridden(provider, account) : withoutSignIn(overridden(provider, account), account),
    client: {
      id: account.client.id,
      name: preset?.name ?? account.client.id,
      preset: preset?.preset,
      secret: account.client.secret,
      key: account.client.key,
      redirectUris: account.client.redirect_uris ?? preset?.redirectUris ?? USUAL_REDIRECTS,
      deviceFlow: preset?.deviceFlow,
    },
  };
}

/** The resource of that name, or the one that an account is mostly for. @throws ERR_UNSUPPORTED naming those there are */
export function findResource(provider: OAuthProvider, name: string | undefined): Resource {
  const found =
    name === undefined ? provider.resources[0] : provider.resources.find((resource) => resource.name === name);
  if (found !== undefined) return found;
  const names = provider.resources.map((resource) => resource.name).join(", ");
  throw new MailkeyError("ERR_UNSUPPORTED", `${provider.name} has no resource ${name}: it has ${names}`);
}

/** All scopes of a resource, without doubles, in the order of the data. */
export function scopesOf(resource: Resource): string[] {
  const { imap = [], pop = [], smtp = [], api = [] } = resource.scopes;
  return [...new Set([...imap, ...pop, ...smtp, ...api])];
}

/** The account that a shared mailbox is opened with. @throws ERR_CONFIG when there is none, or it shares one itself */
function lenderOf(paths: Paths, { address, credential }: SharedMailbox): Account {
  const lender = readAccount(paths, credential);
  if (lender !== undefined && !isShared(lender)) return lender;
  const why = lender === undefined ? "is not there" : "has no sign-in of its own";
  throw new MailkeyError("ERR_CONFIG", `${address} uses the sign-in of ${credential}, which ${why}`, {
    hint: lender === undefined ? `mailkey add ${shellWord(credential)}` : `mailkey show ${shellWord(credential)}`,
  });
}

/** The lender's account, opening another mailbox. */
function sharing(lender: Account, { address, user, servers, token_file }: SharedMailbox): Account {
  const { user: _lendersUser, token_file: _lendersFile, ...common } = lender;
  return {
    ...common,
    address,
    login: lender.login ?? lender.address,
    ...(user === undefined ? {} : { user }),
    ...(servers === undefined ? {} : { servers: { ...lender.servers, ...servers } }),
    ...(token_file === undefined ? {} : { token_file }),
  };
}

function grantKindOf({ address, grant, service_account }: Account, provider: OAuthProvider): GrantKind {
  if (service_account !== undefined) {
    if (provider.id === "custom" || provider.serviceAccounts === true) return "service_account";
    throw noSuchGrant(address, `${provider.name} has no service accounts that may open mailboxes`, provider);
  }
  if (grant === undefined) return "sign_in";
  if (provider.id === "custom" || provider.applicationScopes !== undefined) return "client_credentials";
  throw noSuchGrant(address, `${provider.name} lets no application in without a person who signs in`, provider);
}

function noSuchGrant(address: string, message: string, { serviceAccounts, applicationScopes }: OAuthProvider) {
  const flag =
    serviceAccounts === true ? " --service-account FILE" : applicationScopes === undefined ? "" : " --app-only";
  return new MailkeyError("ERR_UNSUPPORTED", message, { hint: `mailkey add ${shellWord(address)}${flag}` });
}

/** The provider's facts as they are for a grant without a person: no refresh token that could end, and scopes of its own. */
function withoutSignIn(provider: OAuthProvider, { service_account, scopes }: Account): OAuthProvider {
  const { refreshIdleDays: _noSignIn, ...tokens } = provider.tokens;
  const unattended = { ...provider, tokens, refreshScopes: [] };
  const { applicationScopes } = provider;
  if (service_account !== undefined || applicationScopes === undefined) return unattended;
  const asApplication = (resource: Resource): Resource[] => {
    if (scopes?.[resource.name] !== undefined) return [resource];
    const own = applicationScopes[resource.name];
    return own === undefined ? [] : [{ name: resource.name, scopes: { api: own } }];
  };
  const [first, ...rest] = provider.resources;
  return { ...unattended, resources: [asApplication(first)[0] ?? first, ...rest.flatMap(asApplication)] };
}

function overridden(provider: OAuthProvider, account: Account): OAuthProvider {
  const { endpoints, servers, scopes } = account;
  const [first, ...rest] = provider.resources;
  const replace = (resource: Resource): Resource => {
    const own = scopes?.[resource.name];
    return own === undefined ? resource : { name: resource.name, scopes: { api: own } };
  };
  return {
    ...provider,
    endpoints: endpoints === undefined ? provider.endpoints : { ...provider.endpoints, ...endpoints },
    servers: servers === undefined ? provider.servers : { ...provider.servers, ...present(servers) },
    resources: [replace(first), ...rest.map(replace)],
  };
}

function ownResource([name, scopes]: readonly [string, readonly string[]]): Resource {
  return { name, scopes: { api: scopes } };
}

/** A provider that the registry does not know: everything comes from the account file. */
function customProvider(account: Account): OAuthProvider {
  const token = account.endpoints?.token;
  if (token === undefined)
    throw new MailkeyError("ERR_CONFIG", `account ${account.address}: provider "custom" needs endpoints.token`);
  const own = account.scopes ?? {};
  const [first = ["mail", []] as const, ...rest] = Object.entries(own);
  return {
    kind: "oauth2",
    id: "custom",
    name: new URL(token).host,
    domains: [],
    mxSuffixes: [],
    servers: {},
    quirks: [],
    sources: {},
    endpoints: {},
    resources: [ownResource(first), ...rest.map(ownResource)],
    signInScopes: ["openid", "email", "offline_access"],
    refreshScopes: [],
    authorizationParameters: { prompt: "consent" }, // OIDC Core 11: offline_access counts only with it
    mechanisms: { imap: ["XOAUTH2", "OAUTHBEARER"], pop: ["XOAUTH2", "OAUTHBEARER"], smtp: ["XOAUTH2", "OAUTHBEARER"] },
    issInResponse: false,
    tokens: { rotation: "unknown" },
    clients: [],
  };
}

function present(servers: NonNullable<Account["servers"]>): { [P in Protocol]?: MailServer } {
  const kept: { [P in Protocol]?: MailServer } = {};
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    const server = servers[protocol];
    if (server !== undefined) kept[protocol] = server;
  }
  return kept;
}
