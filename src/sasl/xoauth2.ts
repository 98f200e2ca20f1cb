/**
 * XOAUTH2, Google's mechanism, which Microsoft, Yahoo and Dovecot speak as well.
 *
 * `user=USER ^A auth=Bearer TOKEN ^A ^A`, in base64. Nothing is escaped.
 *
 * @see https://developers.google.com/gmail/imap/xoauth2-protocol
 */
import { Secret } from "../platform/secret.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { FIELD_END, checkCredentials, isAcceptable, type SaslMechanism } from "./mechanism.ts";

/** The scheme is case-insensitive (RFC 9110 11.1). */
const RESPONSE = /^user=([^\u0001]*)\u0001auth=bearer +([^\u0001 ]*)\u0001\u0001$/i;

export const xoauth2: SaslMechanism = {
  name: "XOAUTH2",
  // An empty line: the mechanism's own document says so.
  answerFailure: "",
  initialResponse(credentials) {
    checkCredentials(credentials);
    const { user, token } = credentials;
    return new Secret(encodeBase64(`user=${user}${FIELD_END}auth=Bearer ${token.reveal()}${FIELD_END}${FIELD_END}`));
  },
  decodeInitialResponse(encoded) {
    const match = RESPONSE.exec(decodeBase64(encoded) ?? "");
    if (match === null) return undefined;
    const [, user = "", token = ""] = match;
    const credentials = { user, token: new Secret(token) };
    return isAcceptable(credentials) ? credentials : undefined;
  },
};
