/**
 * The device authorization grant: a code to type on any other device, and the polling until somebody did.
 *
 * Polling survives whatever the network does: only the server's refusal, the code's end or the caller's signal stop it.
 *
 * @see RFC 8628
 */
import * as oauth from "oauth4webapi";
import { elapsedMs, type Clock } from "../platform/clock.ts";
import type { Fetch } from "../platform/http.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import { partiesOf, type OAuthClient, type OAuthServer } from "./parties.ts";
import {
  hostOf,
  isTransientStatus,
  networkReason,
  parseRetryAfter,
  readJsonObject,
  requestToken,
  type PermanentFailure,
  type TokenOutcome,
  type TransientFailure,
} from "./token-endpoint.ts";

export interface DeviceAuthorization {
  readonly deviceCode: Secret;
  /** What the person types. */
  readonly userCode: string;
  /** Where the person types it. */
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code. */
  readonly verificationUriComplete: string | undefined;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
  /** Space-separated. */
  readonly scope: string;
}

export type DeviceStart =
  | { readonly kind: "started"; readonly device: DeviceAuthorization }
  /** The endpoint is not one: an HTML page, a redirect, another server. Another flow may work. */
  | { readonly kind: "unusable"; readonly reason: string }
  | TransientFailure
  | PermanentFailure;

export interface PollPorts {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** When the server does not name one. @see RFC 8628 3.2 */
const DEFAULT_INTERVAL_SECONDS = 5;
/** Added at every `slow_down`. @see RFC 8628 3.5 */
const SLOW_DOWN_SECONDS = 5;
/** However often the network fails: people have to notice that it is back. */
const MAX_INTERVAL_SECONDS = 30;
/** Assumed when `expires_in` is missing, although RFC 8628 3.2 requires it; Microsoft's and Google's last longer. */
const DEFAULT_EXPIRY_SECONDS = 600;

/** Asks for a code. @param server its device endpoint must be known */
export async function startDeviceAuthorization(
  server: OAuthServer,
  client: OAuthClient,
  scopes: readonly string[],
  fetch: Fetch,
): Promise<DeviceStart> {
  const secrets = client.secret === undefined ? [] : [client.secret];
  const { as, client: me, authentication, options } = partiesOf(server, client, fetch, secrets);
  const scope = scopes.join(" ");
  let response: Response;
  try {
    const parameters: Record<string, string> = scope === "" ? {} : { scope };
    response = await oauth.deviceAuthorizationRequest(as, me, authentication, parameters, options);
  } catch (cause) {
    return { kind: "transient", reason: networkReason(cause, server.endpoints.device), cause };
  }
  const host = hostOf(server.endpoints.device);
  const retryAfterMs = parseRetryAfter(response.headers);
  if (isTransientStatus(response.status)) {
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { kind: "transient", reason: `${host} answered ${response.status}`, ...wait };
  }
  const type = peerText(response.headers.get("content-type") ?? "nothing", 60);
  const body = await readJsonObject(response);
  if (body === undefined) {
    return { kind: "unusable", reason: `${host} answered ${response.status} with ${type} instead of a code` };
  }
  if (typeof body["error"] === "string") return refusalOf(body["error"], body["error_description"], secrets);
  try {
    return { kind: "started", device: deviceOf(body, scope) };
  } catch {
    return { kind: "unusable", reason: `${host} answered ${response.status} without a usable code` };
  }
}

/** Asks for the token until it is there, the server refuses, or the code has expired (`expired_token`). */
export async function pollForToken(
  server: OAuthServer,
  client: OAuthClient,
  device: DeviceAuthorization,
  ports: PollPorts,
): Promise<TokenOutcome> {
  const start = ports.clock.now();
  let intervalSeconds = device.intervalSeconds;
  for (;;) {
    const leftMs = device.expiresInSeconds * 1000 - elapsedMs(start, ports.clock.now());
    if (leftMs <= 0) return { kind: "permanent", error: "expired_token" };
    await ports.clock.sleep(Math.min(intervalSeconds * 1000, leftMs), ports.signal);
    const outcome = await askOnce(server, client, device, ports);
    if (outcome.kind === "transient") {
      const wantedSeconds = Math.max(intervalSeconds * 2, (outcome.retryAfterMs ?? 0) / 1000);
      intervalSeconds = Math.max(intervalSeconds, Math.min(wantedSeconds, MAX_INTERVAL_SECONDS));
    } else if (outcome.kind === "permanent" && outcome.error === "slow_down") {
      intervalSeconds += SLOW_DOWN_SECONDS;
    } else if (outcome.kind === "granted" || outcome.error !== "authorization_pending") {
      return outcome;
    }
  }
}

async function askOnce(
  server: OAuthServer,
  client: OAuthClient,
  device: DeviceAuthorization,
  { fetch, signal }: PollPorts,
): Promise<TokenOutcome> {
  const outcome = await requestToken(
    {
      server,
      client,
      fetch: (url, init) => fetch(url, signal === undefined ? init : { ...init, signal }),
      scope: device.scope,
      secrets: [device.deviceCode],
      wantsIdToken: server.endpoints.issuer !== undefined,
    },
    ({ as, client: me, authentication, options }) =>
      oauth.deviceCodeGrantRequest(as, me, authentication, device.deviceCode.reveal(), options),
    ({ as, client: me }, response) => oauth.processDeviceCodeResponse(as, me, response),
  );
  signal?.throwIfAborted();
  return outcome;
}

/** @throws TypeError when something that cannot be done without is missing */
function deviceOf(body: Record<string, unknown>, scope: string): DeviceAuthorization {
  // `verification_url` is what Google called it before the RFC.
  const uri = webAddress(body["verification_uri"] ?? body["verification_url"]);
  const { device_code: deviceCode, user_code: userCode } = body;
  if (uri === undefined || typeof deviceCode !== "string" || typeof userCode !== "string" || userCode === "")
    throw new TypeError("not a device authorization response");
  return {
    deviceCode: new Secret(deviceCode),
    userCode: peerText(userCode, 60),
    verificationUri: uri,
    verificationUriComplete: webAddress(body["verification_uri_complete"]),
    expiresInSeconds: positive(body["expires_in"]) ?? DEFAULT_EXPIRY_SECONDS,
    intervalSeconds: positive(body["interval"]) ?? DEFAULT_INTERVAL_SECONDS,
    scope,
  };
}

/** It is shown to a person and opened in a browser: nothing but https, and nothing that moves a cursor. */
function webAddress(value: unknown): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return url.protocol === "https:" ? url.href : undefined;
}

function positive(value: unknown): number | undefined {
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

function refusalOf(error: string, words: unknown, secrets: readonly Secret[]): PermanentFailure {
  const description = typeof words === "string" ? peerText(words, 400, secrets) : undefined;
  const vendorCode = description?.match(/\bAADSTS\d+/)?.[0];
  return {
    kind: "permanent",
    error: peerText(error, 60, secrets),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(description === undefined ? {} : { description }),
  };
}
