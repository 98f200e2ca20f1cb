/** The two sides of every request to an authorization server, and how one shows the other who it is. */
import * as oauth from "oauth4webapi";
import type { Fetch } from "../platform/http.ts";
import type { Secret } from "../platform/secret.ts";
import { privateKeyJwt, type ClientKey } from "./client-assertion.ts";

/** The authorization server's side. `{tenantid}` in the issuer stands for the tenant named in the token. */
export interface OAuthServer {
  readonly endpoints: {
    readonly authorization?: string | undefined;
    readonly token?: string | undefined;
    readonly device?: string | undefined;
    readonly revocation?: string | undefined;
    readonly userinfo?: string | undefined;
    readonly issuer?: string | undefined;
  };
  /** The authorization response must carry `iss` (RFC 9207). */
  readonly issInResponse: boolean;
  /** How a confidential client shows its secret; in the body when undefined (RFC 6749 2.3.1). */
  readonly clientAuthentication?: "client_secret_basic" | "client_secret_post" | undefined;
  /** What a signed client assertion has to be like; when undefined, the issuer is its audience where it is known. */
  readonly clientAssertion?: { readonly audience: "issuer" | "token_endpoint" } | undefined;
}

export interface OAuthClient {
  readonly id: string;
  /** Absent for a public client: the parameter is then omitted, not sent empty (RFC 6749 2.3.1). */
  readonly secret?: Secret | undefined;
  /** Signs instead of sending a secret (RFC 7523 2.2). */
  readonly key?: ClientKey | undefined;
}

/** What oauth4webapi wants to know of the two sides. */
export interface Parties {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly options: { readonly [oauth.customFetch]: Fetch };
}

/** @param sent takes what the client signs on the way */
export function partiesOf(server: OAuthServer, client: OAuthClient, fetch: Fetch, sent: Secret[] = []): Parties {
  const { endpoints } = server;
  const issuer = endpoints.issuer ?? new URL(endpoints.token ?? "https://invalid.invalid").origin;
  const as: oauth.AuthorizationServer = {
    issuer,
    ...(endpoints.authorization === undefined ? {} : { authorization_endpoint: endpoints.authorization }),
    ...(endpoints.token === undefined ? {} : { token_endpoint: endpoints.token }),
    ...(endpoints.device === undefined ? {} : { device_authorization_endpoint: endpoints.device }),
    ...(endpoints.revocation === undefined ? {} : { revocation_endpoint: endpoints.revocation }),
    ...(endpoints.userinfo === undefined ? {} : { userinfo_endpoint: endpoints.userinfo }),
    ...(server.issInResponse ? { authorization_response_iss_parameter_supported: true } : {}),
  };
  return {
    as,
    client: { client_id: client.id },
    authentication: authenticationOf(server, client, sent),
    options: { [oauth.customFetch]: fetch },
  };
}

function authenticationOf(server: OAuthServer, { secret, key }: OAuthClient, sent: Secret[]): oauth.ClientAuth {
  if (key !== undefined) return privateKeyJwt(assertionAudience(server), key, sent);
  if (secret === undefined) return oauth.None();
  const basic = server.clientAuthentication === "client_secret_basic";
  return basic ? oauth.ClientSecretBasic(secret.reveal()) : oauth.ClientSecretPost(secret.reveal());
}

/** The issuer says best who is meant; a server may insist on its token endpoint (RFC 7523 3). */
function assertionAudience({ endpoints, clientAssertion }: OAuthServer): string {
  const { issuer, token = "" } = endpoints;
  const isNamed = issuer !== undefined && !issuer.includes("{tenantid}");
  return isNamed && clientAssertion?.audience !== "token_endpoint" ? issuer : token;
}
