/**
 * A confidential client that signs instead of sending a secret: `private_key_jwt`. The signing is oauth4webapi's; what is added here is
 * what providers want besides.
 *
 * @see RFC 7523 2.2, 3; OpenID Connect Core 9; https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
import * as oauth from "oauth4webapi";
import { Secret } from "../platform/secret.ts";

export interface ClientKey {
  /** Private, usable for signing. Its algorithm is the assertion's. */
  readonly key: CryptoKey;
  /** Which of the registered keys it is, by its certificate: base64url of the SHA-256 of the DER (RFC 7515 4.1.8). */
  readonly thumbprint?: string | undefined;
  /** Which of the registered keys it is, by its name (RFC 7515 4.1.4). */
  readonly keyId?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Microsoft advises 5 to 10 minutes at most; its servers, like most, forgive a clock that is 5 minutes off. */
const ASSERTION_SECONDS = 300;

/**
 * How the client shows who it is. Every request gets an assertion of its own: servers take each `jti` once.
 *
 * @param audience the issuer or the token endpoint, whichever the server wants
 * @param sent takes what was signed, so that it can be taken out of the server's words
 */
export function privateKeyJwt(audience: string, { key, thumbprint, keyId, now }: ClientKey, sent: Secret[]) {
  const sign = oauth.PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
    [oauth.modifyAssertion](header, payload) {
      const seconds = Math.floor(now() / 1000);
      header["typ"] = "JWT";
      if (thumbprint !== undefined) header["x5t#S256"] = thumbprint;
      Object.assign(payload, { aud: audience, iat: seconds, nbf: seconds, exp: seconds + ASSERTION_SECONDS });
    },
  });
  const authenticate: oauth.ClientAuth = async (as, client, body, headers) => {
    await sign(as, client, body, headers);
    sent.push(new Secret(body.get("client_assertion") ?? ""));
  };
  return authenticate;
}
