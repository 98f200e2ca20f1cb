/** Withdrawing a grant at the authorization server. @see RFC 7009 */
import * as oauth from "oauth4webapi";
import type { Fetch } from "../platform/http.ts";
import type { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import { partiesOf, type OAuthClient, type OAuthServer } from "./parties.ts";
import {
  isTransientStatus,
  networkReason,
  parseRetryAfter,
  type PermanentFailure,
  type TransientFailure,
} from "./token-endpoint.ts";

export type Revocation = { readonly kind: "revoked" } | TransientFailure | PermanentFailure;

/** Google answers 400 for a token that is dead already, where RFC 7009 2.2 wants 200: either way it is dead. */
const DEAD_ALREADY: ReadonlySet<string> = new Set(["invalid_token", "invalid_grant"]);

/** Revokes a refresh token, and with it what was made from it. @param server its revocation endpoint must be known */
export async function revokeRefreshToken(
  server: OAuthServer,
  client: OAuthClient,
  refreshToken: Secret,
  fetch: Fetch,
): Promise<Revocation> {
  const secrets = client.secret === undefined ? [refreshToken] : [refreshToken, client.secret];
  const { as, client: me, authentication, options } = partiesOf(server, client, fetch, secrets);
  const { revocation } = server.endpoints;
  let response: Response;
  try {
    response = await oauth.revocationRequest(as, me, authentication, refreshToken.reveal(), {
      ...options,
      additionalParameters: { token_type_hint: "refresh_token" },
    });
  } catch (cause) {
    return { kind: "transient", reason: networkReason(cause, revocation), cause };
  }
  if (response.ok) return { kind: "revoked" };
  const host = revocation === undefined ? "the provider" : new URL(revocation).host;
  const { error, description } = await errorOf(response, secrets);
  if (isTransientStatus(response.status) || error === undefined) {
    const retryAfterMs = parseRetryAfter(response.headers);
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { kind: "transient", reason: `${host} answered ${response.status}`, ...wait };
  }
  if (DEAD_ALREADY.has(error)) return { kind: "revoked" };
  return { kind: "permanent", error, ...(description === undefined ? {} : { description }) };
}

async function errorOf(
  response: Response,
  secrets: readonly Secret[],
): Promise<{ error?: string; description?: string }> {
  try {
    const body = (await response.json()) as { error?: unknown; error_description?: unknown } | null;
    if (typeof body?.error !== "string") return {};
    const error = peerText(body.error, 60, secrets);
    return typeof body.error_description === "string"
      ? { error, description: peerText(body.error_description, 400, secrets) }
      : { error };
  } catch {
    return {};
  }
}
