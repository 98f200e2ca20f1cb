/** The first step of `mailkey add`: who hosts the mailbox. Flags first, then discovery, then the person. */
import type { Account } from "../accounts/account.ts";
import { MailkeyError } from "../errors.ts";
import type { Fetch } from "../platform/http.ts";
import { discoverProvider, type Discovery, type Draft, type Found, type Step } from "../providers/discover.ts";
import { discoverMetadata } from "../providers/metadata.ts";
import { createResolveMx } from "../providers/mx.ts";
import type { Endpoints, Provider } from "../providers/provider.ts";
import { loadAllProviders, loadProvider } from "../providers/registry.ts";
import { endpointsOfTenant } from "../providers/tenant-endpoints.ts";
import { endpointsFrom, serversFrom, usage, type AddValues } from "./add-flags.ts";
import type { Asker } from "./ask.ts";

/** The parts of an account that come from its provider. */
export type ProviderPart = Pick<Account, "provider" | "endpoints" | "servers" | "scopes">;

export interface ProviderChoice {
  readonly part: ProviderPart;
  /** One line for people. */
  readonly told: string;
}

export interface ProviderPorts {
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  readonly asker: Asker | undefined;
}

/** @throws ERR_PROVIDER_UNKNOWN, ERR_UNSUPPORTED when there is no OAuth2 there, ERR_CONFIG, ERR_PROVIDER_UNAVAILABLE */
export async function chooseProvider(
  address: string,
  values: AddValues,
  ports: ProviderPorts,
): Promise<ProviderChoice> {
  const { issuer } = values;
  const published = issuer === undefined ? undefined : await discoverMetadata(issuer, ports.fetch, ports.signal);
  const given = endpointsFrom(values);
  const endpoints = published === undefined && given === undefined ? undefined : { ...published, ...given };
  const found = await findProvider(address, values.provider ?? (endpoints === undefined ? undefined : "custom"), ports);
  if (found.part.provider === "custom" && endpoints?.token === undefined && found.part.endpoints?.token === undefined) {
    throw new MailkeyError("ERR_CONFIG", "a custom provider needs its endpoints", {
      hint: "--issuer URL, or --authorization-endpoint URL --token-endpoint URL",
    });
  }
  const servers = serversFrom(values);
  const scopes = values.scope;
  const all = {
    ...found.part.endpoints,
    ...(await tenantEndpoints(found.part.provider, address, values)),
    ...endpoints,
  };
  return {
    told: found.told,
    part: {
      ...found.part,
      ...(Object.keys(all).length === 0 ? {} : { endpoints: compact(all) }),
      ...(servers === undefined ? {} : { servers: { ...found.part.servers, ...servers } }),
      ...(scopes === undefined ? {} : { scopes: { [await firstResource(found.part.provider)]: scopes } }),
    },
  };
}

/** With `--tenant`; an application needs one in any case, and the domain of a mailbox is nearly always one of its tenant's. */
async function tenantEndpoints(providerId: string, address: string, values: AddValues): Promise<Endpoints | undefined> {
  const tenant = values.tenant ?? (values["app-only"] === true ? address.split("@").at(-1) : undefined);
  const provider = providerId === "custom" ? undefined : await loadProvider(providerId);
  if (tenant === undefined) return undefined;
  const endpoints = provider?.kind === "oauth2" ? endpointsOfTenant(provider, tenant) : undefined;
  if (endpoints !== undefined || values.tenant === undefined) return endpoints;
  throw usage("--tenant is for Microsoft's organisations");
}

async function findProvider(address: string, id: string | undefined, ports: ProviderPorts): Promise<ProviderChoice> {
  if (id === "custom") return { part: { provider: "custom" }, told: `${address} is at a provider of your own.` };
  if (id !== undefined) return named(await loadProvider(id), "as you say");
  const discovery = await discoverProvider(address, {
    resolveMx: createResolveMx(),
    fetch: ports.fetch,
    signal: ports.signal,
  });
  return settle(address, discovery, ports.asker);
}

function settle(address: string, discovery: Discovery, asker: Asker | undefined): Promise<ProviderChoice> {
  switch (discovery.kind) {
    case "found":
      return settleFound(address, discovery, asker);
    case "password-only":
      throw new MailkeyError("ERR_UNSUPPORTED", `${address} is at ${discovery.name}: ${discovery.advice}`);
    case "draft":
      return settleDraft(address, discovery, asker);
    case "unknown":
    default:
      return askForProvider(address, asker);
  }
}

const HOW_FOUND: Readonly<Record<Step, string>> = {
  domain: "by its domain",
  mx: "by the host that receives its mail",
  autoconfig: "by its published configuration",
  tenant: "by its sign-in",
};

async function settleFound(address: string, found: Found, asker: Asker | undefined): Promise<ProviderChoice> {
  const { provider, alternatives, guess, evidence } = found;
  const how = HOW_FOUND[found.by];
  if (guess) {
    const agrees = await asker?.confirm(`${address} may be at ${provider.name} (${evidence}). Is it?`, true);
    if (agrees === false) return askForProvider(address, asker);
    if (agrees === undefined) {
      throw new MailkeyError("ERR_PROVIDER_UNKNOWN", `${address} may be at ${provider.name}, but that is a guess`, {
        hint: `--provider ${provider.id}`,
      });
    }
  }
  if (alternatives.length > 0 && asker !== undefined) {
    const choices = [provider, ...alternatives].map(({ id, name }) => ({ value: id, label: name }));
    const id = await asker.select(`Which one hosts ${address}?`, choices);
    if (id !== provider.id) return named(await loadProvider(id), how);
  }
  const { part, told } = named(provider, how);
  const { region } = found;
  if (region === null) return { part, told };
  const endpoints = region.endpoints === undefined ? {} : { endpoints: compact(region.endpoints) };
  const servers = region.servers === undefined ? {} : { servers: region.servers };
  return { part: { ...part, ...endpoints, ...servers }, told: told.replace(/ \(by/, `, ${region.name} (by`) };
}

/** What a domain publishes about itself decides where a password-like thing is sent: a person has to have seen it. */
async function settleDraft(address: string, draft: Draft, asker: Asker | undefined): Promise<ProviderChoice> {
  const { authorization, token } = draft.endpoints;
  const where = `${draft.name} publishes OAuth2 endpoints at ${new URL(token ?? authorization ?? "https://unknown").host}`;
  if (asker === undefined) {
    throw new MailkeyError("ERR_PROVIDER_UNKNOWN", `${address} is at no known provider; ${where}`, {
      hint: `--provider custom --authorization-endpoint '${authorization ?? "URL"}' --token-endpoint '${token ?? "URL"}'`,
    });
  }
  if (!(await asker.confirm(`${where}. Sign in there?`, false))) return askForProvider(address, asker);
  return {
    told: `${address} is at ${draft.name} (${HOW_FOUND.autoconfig}).`,
    part: {
      provider: "custom",
      endpoints: compact(draft.endpoints),
      servers: draft.servers,
      scopes: { mail: [...draft.scopes] },
    },
  };
}

async function askForProvider(address: string, asker: Asker | undefined): Promise<ProviderChoice> {
  if (asker === undefined) {
    throw new MailkeyError("ERR_PROVIDER_UNKNOWN", `cannot tell who hosts ${address}`, {
      hint: "--provider ID (mailkey providers lists them), or --issuer URL",
    });
  }
  const choices = (await loadAllProviders())
    .filter((provider) => provider.kind === "oauth2")
    .map(({ id, name }) => ({ value: id, label: name, hint: id }));
  const id = await asker.select(`Who hosts ${address}?`, [...choices, { value: "none", label: "none of them" }]);
  if (id === "none") {
    throw new MailkeyError("ERR_PROVIDER_UNKNOWN", `${address} is at none of the known providers`, {
      hint: "--issuer URL, or --authorization-endpoint URL --token-endpoint URL",
    });
  }
  return named(await loadProvider(id), "as you say");
}

function named(provider: Provider, how: string): ProviderChoice {
  if (provider.kind === "password") {
    throw new MailkeyError("ERR_UNSUPPORTED", `${provider.name}: ${provider.advice}`, {
      details: { provider: provider.id },
    });
  }
  return { part: { provider: provider.id }, told: `The mailbox is at ${provider.name} (${how}).` };
}

async function firstResource(providerId: string): Promise<string> {
  if (providerId === "custom") return "mail";
  const provider = await loadProvider(providerId);
  return provider.kind === "oauth2" ? provider.resources[0].name : "mail";
}

/** Without the keys that hold nothing: an account file has no place for them. */
function compact(endpoints: NonNullable<Account["endpoints"]>): NonNullable<Account["endpoints"]> {
  return Object.fromEntries(Object.entries(endpoints).filter(([, url]) => url !== undefined));
}
