/**
 * The authorization code grant with PKCE: the URL to open, what came back from it, and the exchange of the code.
 *
 * Every attempt has a `state`, a verifier and (with OpenID) a nonce of its own, and none of them is used twice. Who brings the
 * answer back, a listener or a person, is not known here.
 *
 * @see RFC 6749 4.1, RFC 7636, RFC 9207, OpenID Connect Core 3.1
 */
import { timingSafeEqual } from "node:crypto";
import * as oauth from "oauth4webapi";
import type { Fetch } from "../platform/http.ts";
import { Secret } from "../platform/secret.ts";
import { peerText } from "../platform/text.ts";
import type { OAuthClient, OAuthServer } from "./parties.ts";
import { requestToken, type PermanentFailure, type TokenOutcome } from "./token-endpoint.ts";

export interface AuthorizationRequest {
  readonly redirectUri: string;
  /** Of the token that the code will be exchanged for. */
  readonly scopes: readonly string[];
  /** Of other resources: consented to along with the rest, for tokens that the refresh token mints later. */
  readonly otherScopes?: readonly string[] | undefined;
  /** What the provider wants besides: `access_type=offline`, `prompt=consent`. Cannot replace what is set here. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Fills in the user's name on the provider's page. */
  readonly loginHint?: string | undefined;
}

/** One attempt to sign in, from the URL until the code is redeemed. */
export interface Authorization {
  /** Where the user has to go. Holds nothing that helps whoever reads it: the verifier stays here. */
  readonly url: URL;
  readonly redirectUri: string;
  /** Of the token, space-separated. */
  readonly scope: string;
  /** The consent covers more than one resource: the exchange has to say which the token is for. */
  readonly namesScope: boolean;
  readonly state: string;
  readonly verifier: Secret;
  /** Sent when an ID token is asked for, which then has to carry it. */
  readonly nonce: string | undefined;
}

/** What the parameters of a redirect turned out to be. */
export type RedirectAnswer =
  /** The answer to this attempt, with a code. `parameters` are checked and hold a live secret. */
  | { readonly kind: "code"; readonly parameters: URLSearchParams }
  /** The answer to this attempt: the server, or the person, said no, or what was said cannot be believed. */
  | PermanentFailure
  /** Not the answer to this attempt: the right one may still come. `reason` is for people. */
  | { readonly kind: "foreign"; readonly reason: string };

/** Parameters of the request that nobody else may set. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set([
  "response_type",
  "client_id",
  "redirect_uri",
  "scope",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
]);

/** @param server its authorization endpoint must be known */
export async function startAuthorization(
  server: OAuthServer,
  client: OAuthClient,
  request: AuthorizationRequest,
): Promise<Authorization> {
  const verifier = new Secret(oauth.generateRandomCodeVerifier());
  const state = oauth.generateRandomState();
  const nonce = request.scopes.includes("openid") ? oauth.generateRandomNonce() : undefined;
  const { scopes, otherScopes = [] } = request;
  const consent = [...new Set([...scopes, ...otherScopes])].join(" ");
  const url = new URL(requireEndpoint(server.endpoints.authorization));
  const query = url.searchParams; // the endpoint may bring a query of its own (RFC 6749 3.1)
  for (const [name, value] of Object.entries(request.parameters ?? {})) {
    if (!OWN_PARAMETERS.has(name)) query.set(name, value);
  }
  query.set("response_type", "code");
  query.set("client_id", client.id);
  query.set("redirect_uri", request.redirectUri);
  if (consent !== "") query.set("scope", consent);
  query.set("state", state);
  query.set("code_challenge", await oauth.calculatePKCECodeChallenge(verifier.reveal()));
  query.set("code_challenge_method", "S256");
  if (nonce !== undefined) query.set("nonce", nonce);
  if (request.loginHint !== undefined) query.set("login_hint", request.loginHint);
  const { redirectUri } = request;
  return { url, redirectUri, scope: scopes.join(" "), namesScope: otherScopes.length > 0, state, verifier, nonce };
}

/**
 * Judges the parameters that came back. Nothing in them is believed before `state` is ours, compared in constant time;
 * `iss` is compared when it is there, and has to be there when the provider is known to send it.
 */
export function readRedirect(
  server: OAuthServer,
  client: OAuthClient,
  authorization: Authorization,
  parameters: URLSearchParams,
): RedirectAnswer {
  const [state, ...more] = parameters.getAll("state");
  if (state === undefined) return { kind: "foreign", reason: "it carries no state" };
  if (more.length > 0 || !sameText(state, authorization.state))
    return { kind: "foreign", reason: "it belongs to another attempt to sign in" };
  try {
    const checked = oauth.validateAuthResponse(
      issuerFor(server, parameters),
      { client_id: client.id },
      parameters,
      authorization.state,
    );
    if ((checked.get("code") ?? "") === "") return invalid("the answer carries neither a code nor an error");
    return { kind: "code", parameters: checked };
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return refusal(error);
    // The library's messages name the parameter that is at fault and quote nothing.
    return invalid(error instanceof Error ? error.message : "the answer cannot be understood");
  }
}

/** Exchanges the code for tokens. @param parameters as `readRedirect` gave them out */
export function redeemCode(
  server: OAuthServer,
  client: OAuthClient,
  authorization: Authorization,
  parameters: URLSearchParams,
  fetch: Fetch,
): Promise<TokenOutcome> {
  const code = new Secret(parameters.get("code") ?? "");
  return requestToken(
    {
      server,
      client,
      fetch,
      scope: authorization.scope,
      secrets: [code, authorization.verifier],
      // Without a known issuer an ID token cannot be checked, so none is believed.
      wantsIdToken: authorization.nonce !== undefined && server.endpoints.issuer !== undefined,
    },
    ({ as, client: me, authentication, options }) =>
      oauth.authorizationCodeGrantRequest(
        as,
        me,
        authentication,
        parameters,
        authorization.redirectUri,
        authorization.verifier.reveal(),
        authorization.namesScope ? { ...options, additionalParameters: { scope: authorization.scope } } : options,
      ),
    ({ as, client: me }, response) => processAnswer(as, me, response, authorization.nonce),
  );
}

/** An ID token that came must carry our nonce; that none came is for `identity.ts` to live with. */
async function processAnswer(
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
  nonce: string | undefined,
): Promise<oauth.TokenEndpointResponse> {
  const { id_token: idToken } = (await response.clone().json()) as { id_token?: unknown };
  const options = nonce === undefined || idToken === undefined ? {} : { expectedNonce: nonce };
  return oauth.processAuthorizationCodeResponse(as, client, response, options);
}

/**
 * The server as `iss` is to be compared with it. Microsoft's issuer names a tenant that is not known in advance; where no
 * issuer is configured at all, `iss` cannot be compared, and PKCE has to do.
 */
function issuerFor(server: OAuthServer, parameters: URLSearchParams): oauth.AuthorizationServer {
  const sent = parameters.get("iss");
  const { issuer } = server.endpoints;
  const required = server.issInResponse ? { authorization_response_iss_parameter_supported: true } : {};
  if (sent === null || issuer === undefined) return { issuer: issuer ?? sent ?? "unknown", ...required };
  const [before = "", after] = issuer.split("{tenantid}");
  if (after === undefined) return { issuer, ...required };
  const tenant = sent.slice(before.length, sent.length - after.length);
  const fits = sent === before + tenant + after && /^[0-9a-f-]{36}$/i.test(tenant);
  return { issuer: fits ? sent : issuer, ...required };
}

function invalid(description: string): PermanentFailure {
  return { kind: "permanent", error: "invalid_response", description };
}

function refusal(error: oauth.AuthorizationResponseError): PermanentFailure {
  const words = error.error_description;
  const description = words === undefined ? undefined : peerText(words, 400);
  const vendorCode = description?.match(/\bAADSTS\d+/)?.[0];
  return {
    kind: "permanent",
    error: peerText(error.error, 60),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(description === undefined ? {} : { description }),
  };
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function requireEndpoint(endpoint: string | undefined): string {
  if (endpoint === undefined) throw new TypeError("the provider has no authorization endpoint");
  return endpoint;
}
