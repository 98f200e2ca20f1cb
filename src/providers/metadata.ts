/** Authorization server metadata, for accounts of the provider `custom`: RFC 8414 and OpenID Connect Discovery. */
import * as oauth from "oauth4webapi";
import { MailkeyError } from "../errors.ts";
import type { Fetch } from "../platform/http.ts";
import { peerText } from "../platform/text.ts";
import type { Endpoints } from "./provider.ts";

/**
 * The endpoints that an issuer publishes. It has to call itself by the name it was asked by, and everything is https.
 *
 * @param issuer the issuer identifier, an https URL
 * @throws ERR_CONFIG for an issuer that cannot be one, or whose metadata cannot be used; ERR_PROVIDER_UNAVAILABLE when it
 *   cannot be reached, publishes nothing, or is not itself
 */
export async function discoverMetadata(issuer: string, fetch: Fetch, signal?: AbortSignal): Promise<Endpoints> {
  const url = issuerUrl(issuer);
  let failure: unknown;
  for (const algorithm of ["oidc", "oauth2"] as const) {
    let response: Response;
    try {
      response = await oauth.discoveryRequest(url, {
        algorithm,
        [oauth.customFetch]: (address, { headers, method, redirect, signal: bound }) =>
          fetch(
            address,
            bound === undefined ? { headers, method, redirect } : { headers, method, redirect, signal: bound },
          ),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new MailkeyError("ERR_PROVIDER_UNAVAILABLE", `cannot reach the issuer ${url.href}`, { cause });
    }
    try {
      return endpointsOf(await oauth.processDiscoveryResponse(url, response));
    } catch (cause) {
      if (cause instanceof MailkeyError) throw cause;
      // The second place is asked only when the first has nothing: a wrong issuer is an answer.
      if (isMismatch(cause)) throw notItself(url, cause);
      failure = cause;
    }
  }
  throw new MailkeyError("ERR_PROVIDER_UNAVAILABLE", `the issuer ${url.href} publishes no metadata`, {
    cause: failure,
    hint: "give the endpoints themselves: endpoints.authorization and endpoints.token in the account file",
  });
}

/** @see RFC 8414 2: https, and neither query nor fragment */
function issuerUrl(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  if (url?.protocol === "https:" && url.search === "" && url.hash === "" && url.username === "") return url;
  throw new MailkeyError("ERR_CONFIG", `not an issuer: ${peerText(issuer, 200)}`, {
    hint: "an issuer is an https:// URL without query and fragment",
  });
}

function endpointsOf(server: oauth.AuthorizationServer): Endpoints {
  const endpoints: Endpoints = {
    authorization: secure(server, "authorization_endpoint"),
    token: secure(server, "token_endpoint"),
    device: secure(server, "device_authorization_endpoint"),
    revocation: secure(server, "revocation_endpoint"),
    userinfo: secure(server, "userinfo_endpoint"),
    issuer: server.issuer,
  };
  if (endpoints.token === undefined)
    throw new MailkeyError("ERR_CONFIG", `the metadata of ${peerText(server.issuer, 200)} names no token endpoint`);
  return endpoints;
}

function secure(
  server: oauth.AuthorizationServer,
  name:
    | "authorization_endpoint"
    | "token_endpoint"
    | "device_authorization_endpoint"
    | "revocation_endpoint"
    | "userinfo_endpoint",
): string | undefined {
  const value: unknown = server[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && URL.canParse(value) && new URL(value).protocol === "https:") return value;
  throw new MailkeyError(
    "ERR_CONFIG",
    `the metadata of ${peerText(server.issuer, 200)} has a ${name} that is not https`,
  );
}

function isMismatch(error: unknown): boolean {
  return error instanceof oauth.OperationProcessingError && error.code === oauth.JSON_ATTRIBUTE_COMPARISON;
}

function notItself(url: URL, cause: unknown): MailkeyError {
  return new MailkeyError("ERR_PROVIDER_UNAVAILABLE", `what answers at ${url.href} names another issuer`, { cause });
}
