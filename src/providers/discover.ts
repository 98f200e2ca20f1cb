/**
 * Which provider a mailbox is at: its domain, then its MX, then Mozilla's autoconfig, then a guess. Each step asks no more
 * than it needs and waits briefly; without a network the answer is `unknown`, and a person is asked.
 */
import { systemErrorCode } from "../errors.ts";
import type { Fetch } from "../platform/http.ts";
import { peerText } from "../platform/text.ts";
import { autoconfigUrls, fetchAutoconfig, matchAutoconfig, type Autoconfig } from "./autoconfig.ts";
import { withinMs } from "./deadline.ts";
import { mailDomain, matchDomain, regionOf } from "./domain.ts";
import { matchMx, mxHosts, type ResolveMx } from "./mx.ts";
import { PASSWORD_ONLY } from "./password-only.ts";
import type { Endpoints, Provider, Region } from "./provider.ts";
import { loadAllProviders } from "./registry.ts";
import { findTenant } from "./tenant.ts";

export type Step = "domain" | "mx" | "autoconfig" | "tenant";

/** A provider of the registry; `kind: "password"` providers are found like the others. */
export interface Found {
  readonly kind: "found";
  readonly provider: Provider;
  readonly by: Step;
  /** What it was told by: the domain, an MX host, a mail host and where it was read. */
  readonly evidence: string;
  /** Nothing but a hint: a person has to agree. */
  readonly guess: boolean;
  /** Providers that this evidence fits as well. */
  readonly alternatives: readonly Provider[];
  /** Where the provider differs for this mailbox: its endpoints and servers go into the account file. */
  readonly region: Region | null;
}

/** A service that is known to have no OAuth2 and has no entry in the registry. */
export interface PasswordOnly {
  readonly kind: "password-only";
  readonly name: string;
  readonly advice: string;
  readonly by: Step;
  readonly evidence: string;
}

/** An unknown service that says it has OAuth2: the beginning of a `custom` account. */
export interface Draft {
  readonly kind: "draft";
  readonly name: string;
  readonly by: "autoconfig";
  readonly evidence: string;
  readonly servers: Autoconfig["servers"];
  /** Https only; any may be missing. */
  readonly endpoints: Endpoints;
  readonly scopes: readonly string[];
}

export interface Unknown {
  readonly kind: "unknown";
  readonly tried: readonly Attempt[];
  /** Servers of a service that says nothing of OAuth2. */
  readonly servers?: Autoconfig["servers"];
}

export interface Attempt {
  readonly step: Step;
  /** The domain or URL that was asked for. */
  readonly asked: string;
  readonly outcome: string;
}

export type Discovery = Found | PasswordOnly | Draft | Unknown;

export interface DiscoverOptions {
  readonly resolveMx: ResolveMx;
  readonly fetch: Fetch;
  /** Milliseconds for each step, where that is less than the step's own bound. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A resolver that works answers in tens of milliseconds; the system's own bound is up to 20 s. */
const DNS_TIMEOUT_MS = 2000;
const HTTP_TIMEOUT_MS = 3000;

/**
 * @param address the mailbox; beyond its domain nothing of it leaves the machine
 * @throws ERR_USAGE for what is not an address; the signal's reason when it ended
 */
export async function discoverProvider(address: string, options: DiscoverOptions): Promise<Discovery> {
  const domain = mailDomain(address);
  const providers = await loadAllProviders();
  const attempts: Attempt[] = [];

  const byDomain = matchDomain(domain, providers);
  if (byDomain !== null) return found(byDomain, "domain", domain, { region: regionOf(byDomain, domain) });
  const service = matchDomain(domain, PASSWORD_ONLY);
  if (service !== null) return passwordOnly(service, "domain", domain);
  attempts.push({ step: "domain", asked: domain, outcome: "not a domain of a known provider" });

  const hosts = await askMx(domain, options, attempts);
  const byMx = matchMx<Provider | (typeof PASSWORD_ONLY)[number]>(hosts, [...providers, ...PASSWORD_ONLY]);
  if (byMx !== null) {
    const [first, ...others] = byMx.matches;
    if (!("kind" in first)) return passwordOnly(first, "mx", byMx.host);
    const alternatives = others.filter((other) => "kind" in other);
    return found(first, "mx", byMx.host, { alternatives, region: regionOf(first, domain, byMx.host) });
  }

  const configuration = await askAutoconfig(domain, options, attempts);
  if (configuration !== null) {
    const { config, url } = configuration;
    const byHosts = matchAutoconfig(config, providers);
    const evidence = `${Object.values(config.servers)[0]?.host ?? domain} in ${url}`;
    if (byHosts !== null) return found(byHosts, "autoconfig", evidence, { region: regionOf(byHosts, domain) });
    if (config.oauth2 !== null) {
      const { endpoints, scopes } = config.oauth2;
      const name = config.name ?? domain;
      return { kind: "draft", name, by: "autoconfig", evidence, servers: config.servers, endpoints, scopes };
    }
    return { kind: "unknown", tried: attempts, servers: config.servers };
  }

  // Only a domain that receives mail somewhere can be behind a gateway.
  if (hosts.length > 0) {
    const tenant = await askTenant(domain, providers, options, attempts);
    if (tenant !== null) return found(tenant, "tenant", `a tenant of ${domain}`, { guess: true });
  }
  return { kind: "unknown", tried: attempts };
}

async function askMx(domain: string, options: DiscoverOptions, attempts: Attempt[]): Promise<string[]> {
  const note = (outcome: string) => attempts.push({ step: "mx", asked: domain, outcome });
  try {
    const records = await withinMs(bound(DNS_TIMEOUT_MS, options), options.signal, (signal) =>
      options.resolveMx(domain, signal),
    );
    const hosts = mxHosts(records);
    note(hosts.length === 0 ? "receives no mail" : `${hosts[0]} is not a host of a known provider`);
    return hosts;
  } catch (error) {
    options.signal?.throwIfAborted();
    note(reason(error));
    return [];
  }
}

/** Both places are asked at once; the first of them that has something counts. */
async function askAutoconfig(
  domain: string,
  options: DiscoverOptions,
  attempts: Attempt[],
): Promise<{ config: Autoconfig; url: string } | null> {
  const answers = await Promise.all(
    autoconfigUrls(domain).map(async (url) => {
      try {
        const config = await withinMs(bound(HTTP_TIMEOUT_MS, options), options.signal, (signal) =>
          fetchAutoconfig(url, domain, options.fetch, signal),
        );
        return { url, config, outcome: config === null ? "no configuration" : "no host of a known provider" };
      } catch (error) {
        return { url, config: null, outcome: reason(error) };
      }
    }),
  );
  options.signal?.throwIfAborted();
  attempts.push(...answers.map(({ url, outcome }): Attempt => ({ step: "autoconfig", asked: url, outcome })));
  for (const { url, config } of answers) if (config !== null) return { url, config };
  return null;
}

async function askTenant(
  domain: string,
  providers: readonly Provider[],
  options: DiscoverOptions,
  attempts: Attempt[],
): Promise<Provider | null> {
  let outcome = "no tenant";
  try {
    const tenant = await withinMs(bound(HTTP_TIMEOUT_MS, options), options.signal, (signal) =>
      findTenant(domain, providers, options.fetch, signal),
    );
    if (tenant !== null) return tenant;
  } catch (error) {
    options.signal?.throwIfAborted();
    outcome = reason(error);
  }
  attempts.push({ step: "tenant", asked: domain, outcome });
  return null;
}

function found(
  provider: Provider,
  by: Step,
  evidence: string,
  more: Partial<Pick<Found, "alternatives" | "guess" | "region">>,
): Found {
  return { kind: "found", provider, by, evidence, guess: false, alternatives: [], region: null, ...more };
}

function passwordOnly(service: (typeof PASSWORD_ONLY)[number], by: Step, evidence: string): PasswordOnly {
  return { kind: "password-only", name: service.name, advice: service.advice, by, evidence };
}

function bound(ownMs: number, { timeoutMs }: DiscoverOptions): number {
  return Math.min(ownMs, timeoutMs ?? ownMs);
}

function reason(error: unknown): string {
  return systemErrorCode(error) ?? peerText(error instanceof Error ? error.message : String(error), 120);
}
