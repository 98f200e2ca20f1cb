/** The client credentials grant: an application acts in its own name, and no person is asked. @see RFC 6749 4.4 */
import * as oauth from "oauth4webapi";
import type { Fetch } from "../platform/http.ts";
import type { OAuthClient, OAuthServer } from "./parties.ts";
import { requestToken, type TokenOutcome } from "./token-endpoint.ts";

/** @param scope space-separated; empty when the server knows what the client may */
export function clientCredentialsGrant(
  server: OAuthServer,
  client: OAuthClient,
  scope: string,
  fetch: Fetch,
): Promise<TokenOutcome> {
  return requestToken(
    { server, client, fetch, scope, secrets: [], wantsIdToken: false },
    ({ as, client: me, authentication, options }) =>
      oauth.clientCredentialsGrantRequest(as, me, authentication, scope === "" ? {} : { scope }, options),
    ({ as, client: me }, response) => oauth.processClientCredentialsResponse(as, me, response),
  );
}
