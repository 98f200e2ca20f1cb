/** PLAIN, for a server: `authzid NUL authcid NUL password`. @see RFC 4616 */
import { decodeBase64Bytes } from "./base64.ts";
import { NOT_BASE64, credentialsTurn, type PasswordExchange, type Turn } from "./password-exchange.ts";

const FIELDS = 3;

export function plainExchange(): PasswordExchange {
  return { firstChallenge: "", take };
}

/** Who wants to be somebody else than they are (authzid) is turned away: mailkey knows no such right. */
function take(response: string): Turn {
  const fields = decodeBase64Bytes(response)?.toString("utf8").split("\0");
  if (fields === undefined) return NOT_BASE64;
  const [authzid = "", authcid = "", password = ""] = fields;
  if (fields.length !== FIELDS) return { kind: "malformed", why: "that is no message of PLAIN" };
  if (authzid !== "" && authzid !== authcid)
    return { kind: "malformed", why: "nobody may act for another (authorization identity)" };
  return credentialsTurn(authcid, password);
}
