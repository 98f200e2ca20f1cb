/**
 * One exchange with a token endpoint: send through oauth4webapi, then say which kind of outcome it was.
 *
 * Every grant (refresh, code, device) goes through `requestToken`, so that all of them tolerate and refuse the same things.
 * Branches only on HTTP status and the RFC's `error` values; vendor codes are carried along to explain, never to decide.
 * No I/O but the fetch that is handed in.
 */
import * as oauth from "oauth4webapi";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import type { Fetch } from "../platform/http.ts";
import { partiesOf, type OAuthClient, type OAuthServer, type Parties } from "./parties.ts";

export interface TokenGrant {
  readonly accessToken: Secret;
  /** Absent when the server keeps the old one valid (RFC 6749 6). */
  readonly refreshToken?: Secret;
  readonly expiresInSeconds: number;
  /** Seconds that the refresh token still has, where the server says so. */
  readonly refreshExpiresInSeconds?: number;
  /** Space-separated; what was requested when the server does not say (RFC 6749 5.1). */
  readonly scope: string;
  /** Claims of the ID token, checked for issuer, audience and time, when one was asked for and came. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The server, or the way to it, is not itself for the moment: the same request may succeed later. */
export interface TransientFailure {
  readonly kind: "transient";
  /** For people, without secrets. */
  readonly reason: string;
  /** What the server asked for in Retry-After. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The authorization server understood and refused. */
export interface PermanentFailure {
  readonly kind: "permanent";
  /** RFC 6749 5.2 and its extensions: `invalid_grant`, `invalid_client`, `authorization_pending`, … */
  readonly error: string;
  /** The provider's own code, such as `AADSTS700082`. */
  readonly vendorCode?: string;
  /** The server's words: one line, control characters and our secrets taken out. */
  readonly description?: string;
  /** What its clock said (the Date header), in milliseconds since the Unix epoch. */
  readonly serverTimeMs?: number;
}

export type TokenOutcome =
  | { readonly kind: "granted"; readonly grant: TokenGrant }
  | TransientFailure
  | PermanentFailure;

/** What a grant's request is made of. */
export interface Exchange {
  readonly server: OAuthServer;
  readonly client: OAuthClient;
  readonly fetch: Fetch;
  /** Space-separated scope of the request. */
  readonly scope: string;
  /** What goes out, besides what the client shows, and must not come back in anybody's words. */
  readonly secrets: readonly Secret[];
  /** Validate and return the ID token. Refreshing leaves it alone: a faulty one must not cost a rotated refresh token. */
  readonly wantsIdToken: boolean;
}

/** Assumed when `expires_in` is missing, as real servers do (RFC 6749 5.1 only recommends it). */
export const DEFAULT_LIFETIME_SECONDS = 3600;

/** Yandex's last a year; no access token lasts longer, and a date beyond the calendar helps nobody. */
const MAX_LIFETIME_SECONDS = 400 * 86_400;

/** What says more than this sets no end. */
const MAX_REFRESH_LIFETIME_SECONDS = 10 * 365 * 86_400;

/** Errors of RFC 6749 4.1.2.1 that say "not now" although they come as a refusal. */
const TRANSIENT_ERRORS: ReadonlySet<string> = new Set(["temporarily_unavailable", "server_error"]);

export async function requestToken(
  request: Exchange,
  send: (parties: Parties) => Promise<Response>,
  process: (parties: Parties, response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<TokenOutcome> {
  const { secret } = request.client;
  const secrets = [...request.secrets, ...(secret === undefined ? [] : [secret])];
  const exchange = { ...request, secrets };
  const parties = partiesOf(exchange.server, exchange.client, exchange.fetch, secrets);
  let response: Response;
  try {
    response = await send(parties);
  } catch (cause) {
    return { kind: "transient", reason: networkReason(cause, exchange.server.endpoints.token), cause };
  }
  if (isTransientStatus(response.status)) {
    const retryAfterMs = parseRetryAfter(response.headers);
    return {
      kind: "transient",
      reason: `${hostOf(exchange.server.endpoints.token)} answered ${response.status}`,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  const body = await readJsonObject(response);
  if (body === undefined) {
    const type = peerText(response.headers.get("content-type") ?? "nothing", 60, exchange.secrets);
    return {
      kind: "transient",
      reason: `${hostOf(exchange.server.endpoints.token)} answered ${response.status} with ${type} instead of JSON`,
    };
  }
  if (typeof body["error"] === "string" && typeof body["access_token"] !== "string")
    return refusalOf(body, response, exchange);
  try {
    return {
      kind: "granted",
      grant: grantOf(await process(forTenant(parties, body), tolerant(body, exchange)), exchange),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? peerText(cause.message, 200, exchange.secrets) : "unknown error";
    return {
      kind: "transient",
      reason: `${hostOf(exchange.server.endpoints.token)} answered ${response.status} with something unexpected: ${reason}`,
    };
  }
}

/**
 * Microsoft's issuer names the tenant, which is known only from the ID token's `tid`.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 */
function forTenant(parties: Parties, body: Record<string, unknown>): Parties {
  if (!parties.as.issuer.includes("{tenantid}")) return parties;
  const tenant = tenantOf(body["id_token"]) ?? "unknown";
  return { ...parties, as: { ...parties.as, issuer: parties.as.issuer.replace("{tenantid}", tenant) } };
}

function tenantOf(idToken: unknown): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(String(idToken).split(".")[1] ?? "", "base64url").toString("utf8")) as {
      tid?: unknown;
    };
    return typeof claims.tid === "string" && /^[0-9a-f-]{36}$/i.test(claims.tid) ? claims.tid : undefined;
  } catch {
    return undefined;
  }
}

/** 408, 429 and all of 5xx say that the request was not judged. @see RFC 9110 15, RFC 6585 4 */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Milliseconds from a Retry-After header in either form, or undefined. @see RFC 9110 10.2.3 */
export function parseRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  const now = Date.parse(headers.get("date") ?? ""); // the server's own clock: ours may be wrong
  return Number.isNaN(at) || Number.isNaN(now) ? undefined : Math.max(0, at - now);
}

/** The body as a JSON object, or undefined when it is something else. */
export async function readJsonObject(response: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(body: Record<string, unknown>, response: Response, exchange: Exchange): TokenOutcome {
  const error = peerText(String(body["error"]), 60, exchange.secrets);
  const words = typeof body["error_description"] === "string" ? body["error_description"] : undefined;
  const description = words === undefined ? undefined : peerText(words, 400, exchange.secrets);
  if (TRANSIENT_ERRORS.has(error))
    return { kind: "transient", reason: `${hostOf(exchange.server.endpoints.token)}: ${description ?? error}` };
  const vendorCode = description?.match(/\bAADSTS\d+/)?.[0];
  const serverTimeMs = Date.parse(response.headers.get("date") ?? "");
  return {
    kind: "permanent",
    error,
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(description === undefined ? {} : { description }),
    ...(Number.isNaN(serverTimeMs) ? {} : { serverTimeMs }),
  };
}

/**
 * The answer in the shape that the library insists on. Whatever is odd about the trimmings must not cost the token that
 * comes with it: with rotation the old refresh token is dead by now.
 */
function tolerant(body: Record<string, unknown>, exchange: Exchange): Response {
  const kept: Record<string, unknown> = {
    ...body,
    token_type: typeof body["token_type"] === "string" ? body["token_type"] : "bearer",
  };
  const lifetime = Number(body["expires_in"]);
  if (Number.isFinite(lifetime) && lifetime > 0) kept["expires_in"] = Math.min(lifetime, MAX_LIFETIME_SECONDS);
  else delete kept["expires_in"];
  if (typeof body["refresh_token"] !== "string" || body["refresh_token"] === "") delete kept["refresh_token"];
  if (typeof body["scope"] !== "string" || body["scope"].trim() === "") delete kept["scope"];
  if (!exchange.wantsIdToken || typeof body["id_token"] !== "string") delete kept["id_token"];
  return Response.json(kept);
}

function grantOf(answer: oauth.TokenEndpointResponse, exchange: Exchange): TokenGrant {
  // RFC 6749 A.12. A line break in it would end the line that mail programs read.
  if (!/^[\u0020-\u007e]+$/.test(answer.access_token))
    throw new TypeError("the access token holds characters that no token has");
  const claims = oauth.getValidatedIdTokenClaims(answer);
  const refreshExpiresInSeconds = refreshLifetimeOf(answer);
  return {
    accessToken: new Secret(answer.access_token),
    ...(answer.refresh_token === undefined ? {} : { refreshToken: new Secret(answer.refresh_token) }),
    expiresInSeconds: answer.expires_in ?? DEFAULT_LIFETIME_SECONDS,
    ...(refreshExpiresInSeconds === undefined ? {} : { refreshExpiresInSeconds }),
    scope: scopeOf(answer, exchange),
    ...(claims === undefined ? {} : { claims }),
  };
}

/**
 * No standard has it: Google says `refresh_token_expires_in` for access that ends, Keycloak `refresh_expires_in`, where 0 is without end.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
 */
function refreshLifetimeOf(answer: oauth.TokenEndpointResponse): number | undefined {
  const seconds = Number(answer["refresh_token_expires_in"] ?? answer["refresh_expires_in"]);
  return seconds > 0 && seconds <= MAX_REFRESH_LIFETIME_SECONDS ? seconds : undefined;
}

/** The granted scope-tokens (RFC 6749 3.3), which are noted in plain text: without oddities, and without any token in them. */
function scopeOf(answer: oauth.TokenEndpointResponse, exchange: Exchange): string {
  const secrets = [...exchange.secrets.map((secret) => secret.reveal()), answer.access_token, answer.refresh_token];
  const isPlain = (word: string) =>
    /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(word) &&
    !secrets.some((secret) => secret !== undefined && secret.length >= 8 && word.includes(secret));
  const words = answer.scope?.split(" ").filter(isPlain).slice(0, 50) ?? [];
  return words.length === 0 ? exchange.scope : words.join(" ");
}

/** Says which network fault it was, without the runtime's wording around it. */
export function networkReason(cause: unknown, url: string | undefined): string {
  const host = hostOf(url);
  const { name, code, message } = describe(cause);
  if (name === "TimeoutError") return `${host} did not answer in time`;
  if (code !== undefined) return `cannot reach ${host} (${code})`;
  return `cannot reach ${host}: ${peerText(message, 160)}`;
}

/** undici hides the system's error code one `cause` down; Bun has its own `code`s. */
function describe(cause: unknown): { name: string; code: string | undefined; message: string } {
  const outer = cause as { name?: unknown; code?: unknown; message?: unknown; cause?: { code?: unknown } } | null;
  const code = [outer?.cause?.code, outer?.code].find((value) => typeof value === "string");
  return { name: String(outer?.name), code, message: String(outer?.message ?? cause) };
}

/** Host and port for people; "the provider" when the URL is none. */
export function hostOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : "the provider";
}
