/**
 * The third step of discovery: Mozilla's autoconfig files, from Mozilla's database and from the domain itself. Only the
 * domain is told, never the address. What comes back is somebody else's: bounded, parsed strictly, and believed only as far
 * as naming hosts that the registry knows, or as a draft for a person to look at.
 *
 * @see https://www.bucksch.org/1/projects/thunderbird/autoconfiguration/config-file-format.html
 */
import { XMLParser } from "fast-xml-parser";
import type { Fetch } from "../platform/http.ts";
import { peerText } from "../platform/text.ts";
import { toHostName } from "./domain.ts";
import type { Endpoints, MailServer, Protocol, Provider } from "./provider.ts";

export interface Autoconfig {
  readonly name: string | null;
  readonly servers: { readonly [P in Protocol]?: MailServer };
  /** Present when a server takes OAuth2, or endpoints for it are given. */
  readonly oauth2: { readonly endpoints: Endpoints; readonly scopes: readonly string[] } | null;
}

/** The largest file in Mozilla's database has some 20 KiB. */
const MAX_CHARACTERS = 128 * 1024;

const PROTOCOLS: Readonly<Record<string, Protocol>> = { imap: "imap", pop3: "pop", smtp: "smtp" };
const LISTS = new Set(["emailProvider", "incomingServer", "outgoingServer", "authentication", "oAuth2"]);

/** Where the configuration of `domain` may be, the vetted one first. */
export function autoconfigUrls(domain: string): string[] {
  return [`https://autoconfig.thunderbird.net/v1.1/${domain}`, `https://autoconfig.${domain}/mail/config-v1.1.xml`];
}

/**
 * The configuration at `url`; null when there is none or it cannot be understood.
 *
 * @throws what `fetch` throws
 */
export async function fetchAutoconfig(
  url: string,
  domain: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Autoconfig | null> {
  // A redirect may lead to plain http or another domain, and neither is what was asked.
  const response = await fetch(url, { signal, redirect: "error", headers: { accept: "text/xml, application/xml" } });
  if (response.ok) return parseAutoconfig(await response.text(), domain);
  await response.body?.cancel();
  return null;
}

/** Never throws: null for whatever is not such a file or names no server that mailkey would connect to. */
export function parseAutoconfig(text: string, domain: string): Autoconfig | null {
  // No file of this kind has a document type, and without one there are no entities to expand.
  if (text.length > MAX_CHARACTERS || /<!(DOCTYPE|ENTITY)/i.test(text)) return null;
  const root = parseXml(text)?.["clientConfig"];
  const provider = isRecord(root) ? list(root["emailProvider"]).find(isRecord) : undefined;
  if (!isRecord(root) || provider === undefined) return null;

  const servers: { [P in Protocol]?: MailServer } = {};
  let announced = false;
  for (const element of [...list(provider["incomingServer"]), ...list(provider["outgoingServer"])]) {
    if (!isRecord(element)) continue;
    const protocol = protocolOf(element);
    const server = toServer(element, domain);
    if (protocol === null || server === null || servers[protocol] !== undefined) continue;
    servers[protocol] = server;
    announced ||= list(element["authentication"]).some((kind) => textOf(kind).toLowerCase() === "oauth2");
  }
  if (Object.keys(servers).length === 0) return null;

  const oauth2 = [...list(root["oAuth2"]), ...list(provider["oAuth2"])].find(isRecord);
  return {
    name: peerText(textOf(provider["displayName"]), 80) || null,
    servers,
    oauth2: oauth2 === undefined && !announced ? null : toOAuth2(oauth2 ?? {}),
  };
}

/** The provider that most of the configuration's hosts belong to, or whose authorization endpoint it names. */
export function matchAutoconfig(config: Autoconfig, providers: readonly Provider[]): Provider | null {
  const hosts = new Set(Object.values(config.servers).map((server) => server.host));
  let best: Provider | null = null;
  let most = 0;
  for (const provider of providers) {
    const known = new Set(
      [provider.servers, ...(provider.regions ?? []).map((region) => region.servers ?? {})].flatMap((servers) =>
        Object.values(servers).map((server) => server.host),
      ),
    );
    const count = [...hosts].filter((host) => known.has(host)).length;
    if (count > most) [best, most] = [provider, count];
  }
  const authorization = config.oauth2?.endpoints.authorization;
  if (best !== null || authorization === undefined) return best;
  return providers.find((provider) => authorizationHosts(provider).includes(new URL(authorization).host)) ?? null;
}

function authorizationHosts(provider: Provider): string[] {
  if (provider.kind !== "oauth2") return [];
  return [provider.endpoints, ...(provider.regions ?? []).map((region) => region.endpoints ?? {})]
    .map((endpoints) => endpoints.authorization)
    .filter((url) => url !== undefined)
    .map((url) => new URL(url).host);
}

function parseXml(text: string): Record<string, unknown> | null {
  try {
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      parseTagValue: false,
      maxNestedTags: 16,
      isArray: (name) => LISTS.has(name),
    });
    const parsed: unknown = parser.parse(text);
    return isRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function protocolOf(element: Record<string, unknown>): Protocol | null {
  const type = textOf(element["@type"]);
  return Object.hasOwn(PROTOCOLS, type) ? (PROTOCOLS[type] ?? null) : null;
}

/** Null for a server without TLS: there is no third way. */
function toServer(element: Record<string, unknown>, domain: string): MailServer | null {
  const host = toHostName(textOf(element["hostname"]).replaceAll("%EMAILDOMAIN%", domain));
  const port = /^\d{1,5}$/.test(textOf(element["port"])) ? Number(textOf(element["port"])) : 0;
  const socket = textOf(element["socketType"]).toUpperCase();
  const security = socket === "SSL" ? "tls" : socket === "STARTTLS" ? "starttls" : null;
  if (host === null || security === null || port < 1 || port > 65535) return null;
  return { host, port, security };
}

function toOAuth2(element: Record<string, unknown>): NonNullable<Autoconfig["oauth2"]> {
  const issuer = textOf(element["issuer"]);
  return {
    endpoints: {
      // Given as a bare host name in most files, which is no issuer identifier: nothing may be compared with it.
      issuer: httpsUrl(issuer),
      authorization: httpsUrl(textOf(element["authURL"])),
      token: httpsUrl(textOf(element["tokenURL"])),
    },
    scopes: textOf(element["scope"])
      .split(/\s+/)
      .filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(scope)),
  };
}

/** Shown between single quotes in a command to type: nothing that a shell would act on there is let in. */
const PLAIN_URL = /^[A-Za-z0-9:/?=&+._~%-]+$/;

function httpsUrl(text: string): string | undefined {
  if (!URL.canParse(text) || text.length > 500) return undefined;
  const url = new URL(text);
  const isPlain = PLAIN_URL.test(url.href) && url.username === "" && url.password === "";
  return url.protocol === "https:" && isPlain ? url.href : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text of an element, with or without attributes; empty for anything else. */
function textOf(value: unknown): string {
  const text = isRecord(value) ? value["#text"] : value;
  return typeof text === "string" ? text.trim() : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
