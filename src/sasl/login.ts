/**
 * LOGIN, for a server: the user name, then the password. No standard, but Outlook and old devices know nothing else. Some send
 * the user name as the initial response.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-murchison-sasl-login-00
 */
import { decodeBase64Bytes, encodeBase64 } from "./base64.ts";
import { NOT_BASE64, credentialsTurn, type PasswordExchange } from "./password-exchange.ts";

/** The words to the letter: there are clients that compare them. */
const USER_NAME = encodeBase64("Username:");
const PASSWORD = encodeBase64("Password:");

export function loginExchange(): PasswordExchange {
  let user: string | undefined;
  return {
    firstChallenge: USER_NAME,
    take(response) {
      const text = decodeBase64Bytes(response)?.toString("utf8");
      if (text === undefined) return NOT_BASE64;
      if (user !== undefined) return credentialsTurn(user, text);
      user = text;
      return { kind: "challenge", challenge: PASSWORD };
    },
  };
}
