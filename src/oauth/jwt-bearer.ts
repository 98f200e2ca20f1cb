/**
 * The JWT bearer grant: an assertion, signed by a service account, that names the mailbox it is for. No client is named or
 * authenticated beside it.
 *
 * @see RFC 7523 2.1; https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
import { SignJWT } from "jose";
import * as oauth from "oauth4webapi";
import type { Fetch } from "../platform/http.ts";
import { Secret } from "../platform/secret.ts";
import type { OAuthServer } from "./parties.ts";
import { requestToken, type TokenOutcome } from "./token-endpoint.ts";

export interface BearerAssertion {
  /** Who signs: the service account's own address. */
  readonly issuer: string;
  /** Whose mailbox the token is for. */
  readonly subject: string;
  /** Space-separated. */
  readonly scope: string;
  /** Private, for RS256. */
  readonly key: CryptoKey;
  readonly keyId: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Google allows an hour; the assertion is used at once and never again. */
const ASSERTION_SECONDS = 300;

/** Client authentication that shows nothing: the assertion says it all (RFC 7523 3.1). */
const noAuthentication: oauth.ClientAuth = () => undefined;

export async function jwtBearerGrant(
  server: OAuthServer,
  assertion: BearerAssertion,
  fetch: Fetch,
): Promise<TokenOutcome> {
  const { issuer, subject, scope, key, keyId, nowMs } = assertion;
  const seconds = Math.floor(nowMs / 1000);
  const signed = await new SignJWT({ scope })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: keyId })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(server.endpoints.token ?? "")
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ASSERTION_SECONDS)
    .setJti(crypto.randomUUID())
    .sign(key);
  return requestToken(
    { server, client: { id: issuer }, fetch, scope, secrets: [new Secret(signed)], wantsIdToken: false },
    ({ as, client, options }) =>
      oauth.genericTokenEndpointRequest(
        as,
        client,
        noAuthentication,
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        { assertion: signed },
        options,
      ),
    ({ as, client }, response) => oauth.processGenericTokenEndpointResponse(as, client, response),
  );
}
