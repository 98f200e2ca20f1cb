/**
 * OAUTHBEARER, the IETF's mechanism.
 *
 * `n,a=USER,^A host=HOST ^A port=PORT ^A auth=Bearer TOKEN ^A ^A`, in base64. Commas and equals signs of the user name are
 * escaped; unknown fields are ignored when decoding. Channel binding is not offered: no OAuth server supports it.
 *
 * @see RFC 7628 3.1, RFC 5801 4
 */
import { Secret } from "../platform/secret.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { FIELD_END, checkCredentials, isAcceptable, type OAuthCredentials, type SaslMechanism } from "./mechanism.ts";

/** GS2 header (flag `n` or `y`, authzid), then fields, each ended by 0x01, and one 0x01 more. */
const RESPONSE = /^[ny],(?:a=([^,\u0001]*))?,\u0001((?:[A-Za-z]+=[^\u0001]*\u0001)*)\u0001$/;
const BEARER = /^bearer +([^ ]*)$/i;

export const oauthbearer: SaslMechanism = {
  name: "OAUTHBEARER",
  // One 0x01 (RFC 7628 3.2.3).
  answerFailure: "AQ==",
  initialResponse(credentials) {
    checkCredentials(credentials);
    const { user, token, host, port } = credentials;
    const fields = [
      `n,a=${escapeSaslName(user)},`,
      ...(host === undefined ? [] : [`host=${host}`]),
      ...(port === undefined ? [] : [`port=${port}`]),
      `auth=Bearer ${token.reveal()}`,
    ];
    return new Secret(encodeBase64(fields.join(FIELD_END) + FIELD_END + FIELD_END));
  },
  decodeInitialResponse(encoded) {
    const match = RESPONSE.exec(decodeBase64(encoded) ?? "");
    if (match === null) return undefined;
    const user = unescapeSaslName(match[1] ?? "");
    const fields = new Map(splitFields(match[2] ?? ""));
    const token = BEARER.exec(fields.get("auth") ?? "")?.[1];
    const port = fields.get("port");
    if (user === undefined || token === undefined || (port !== undefined && !/^[0-9]{1,5}$/.test(port)))
      return undefined;
    const credentials: OAuthCredentials = {
      user,
      token: new Secret(token),
      host: fields.get("host"),
      port: port === undefined ? undefined : Number(port),
    };
    return isAcceptable(credentials) ? credentials : undefined;
  },
};

function splitFields(text: string): [string, string][] {
  return text
    .split(FIELD_END)
    .filter((field) => field !== "")
    .map((field) => {
      const equals = field.indexOf("=");
      return [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
    });
}

function escapeSaslName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** @returns undefined when an equals sign starts anything but the two escapes */
function unescapeSaslName(name: string): string | undefined {
  if (/=(?!2C|3D)/i.test(name)) return undefined;
  return name.replace(/=2C/gi, ",").replace(/=3D/gi, "=");
}
