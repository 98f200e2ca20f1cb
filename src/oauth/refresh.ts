/** The refresh grant. @see RFC 6749 6 */
import * as oauth from "oauth4webapi";
import type { Secret } from "../platform/secret.ts";
import type { Fetch } from "../platform/http.ts";
import type { OAuthClient, OAuthServer } from "./parties.ts";
import { requestToken, type TokenOutcome } from "./token-endpoint.ts";

export interface RefreshRequest {
  readonly refreshToken: Secret;
  /** Space-separated; always sent, because Microsoft refuses a refresh without it (AADSTS900144). */
  readonly scope: string;
}

export function refreshGrant(
  server: OAuthServer,
  client: OAuthClient,
  request: RefreshRequest,
  fetch: Fetch,
): Promise<TokenOutcome> {
  return requestToken(
    { server, client, fetch, scope: request.scope, secrets: [request.refreshToken], wantsIdToken: false },
    ({ as, client: me, authentication, options }) =>
      oauth.refreshTokenGrantRequest(as, me, authentication, request.refreshToken.reveal(), {
        ...options,
        additionalParameters: request.scope === "" ? {} : { scope: request.scope },
      }),
    ({ as, client: me }, response) => oauth.processRefreshTokenResponse(as, me, response),
  );
}
