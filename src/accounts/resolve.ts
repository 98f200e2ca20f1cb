/** An account combined with what is known of its provider: all that signing in, renewing and logging in need. */
import { MailkeyError } from "../errors.ts";
import { runShell } from "../platform/process.ts";
import { readPrivateText } from "../platform/files.ts";
import { expandHome, type Environment, type Paths } from "../platform/paths.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import type { MailServer, OAuthProvider, Protocol, Resource } from "../providers/provider.ts";
import { findClient, loadProvider } from "../providers/registry.ts";
import type { Account } from "./account.ts";
import { requireAccount } from "./store.ts";

export interface ResolvedClient {
  readonly id: string;
  /** The name that the provider shows at consent; the id itself for a registration of the user's own. */
  readonly name: string;
  readonly preset: string | undefined;
  /** Where a confidential client's secret is; undefined for a public client. */
  readonly secret: Account["client"]["secret"];
  readonly redirectUris: readonly string[];
  /** Undefined when nobody knows. */
  readonly deviceFlow: boolean | undefined;
}

export interface ResolvedAccount {
  readonly account: Account;
  readonly address: string;
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

/** Reads the account of `address` (the only one when undefined) and resolves it. */
export async function loadAccount(paths: Paths, address: string | undefined): Promise<ResolvedAccount> {
  return resolveAccount(requireAccount(paths, address));
}

/** @throws ERR_CONFIG, ERR_PROVIDER_UNKNOWN, ERR_UNSUPPORTED when the provider has no OAuth2 for mail */
export async function resolveAccount(account: Account): Promise<ResolvedAccount> {
  const provider = account.provider === "custom" ? customProvider(account) : await loadProvider(account.provider);
  if (provider.kind !== "oauth2") throw new MailkeyError("ERR_UNSUPPORTED", `${provider.name}: ${provider.advice}`);
  const preset = findClient(provider, account.client.preset ?? account.client.id);
  return {
    account,
    address: account.address,
    user: account.user ?? account.address,
    login: account.login ?? account.address,
    provider: overridden(provider, account),
    client: {
      id: account.client.id,
      name: preset?.name ?? account.client.id,
      preset: preset?.preset,
      secret: account.client.secret,
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

/**
 * A confidential client's secret from where the account keeps it.
 *
 * @param fromVault what the credential holds, for `secret = "vault"`
 * @returns undefined for a public client
 * @throws ERR_CONFIG when it should be there and is not, ERR_UNTRUSTED_FILE
 */
export async function clientSecret(
  client: ResolvedClient,
  fromVault: string | undefined,
  env: Environment,
): Promise<Secret | undefined> {
  const { secret } = client;
  if (secret === undefined) return undefined;
  if (secret === "vault") {
    if (fromVault === undefined)
      throw new MailkeyError("ERR_CONFIG", "the client secret is not in the vault", {
        hint: "mailkey add ADDRESS --replace --client-secret-file FILE",
      });
    return new Secret(fromVault);
  }
  const text =
    "file" in secret ? readSecretFile(expandHome(secret.file, env)) : await runSecretCommand(secret.command, env);
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  if (line === "")
    throw new MailkeyError(
      "ERR_CONFIG",
      `the client secret is empty (${"file" in secret ? secret.file : secret.command})`,
    );
  return new Secret(line);
}

function readSecretFile(path: string): string {
  const text = readPrivateText(path, "secret");
  if (text === undefined) throw new MailkeyError("ERR_CONFIG", `the client secret's file is missing: ${path}`);
  return text;
}

async function runSecretCommand(command: string, env: Environment): Promise<string> {
  const result = await runShell(command, { env });
  if (result.status === 0) return new TextDecoder().decode(result.stdout);
  throw new MailkeyError(
    "ERR_CONFIG",
    `the client secret's command failed with status ${result.status}: ${peerText(result.stderr, 200)}`,
  );
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
