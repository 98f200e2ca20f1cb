/**
 * The server's side of the mechanisms in which clients say a password: PLAIN and LOGIN. Values in, values out.
 *
 * A password that is not UTF-8 is a wrong one, not a malformed one: it gets U+FFFD, which no password of ours holds.
 */
import { Secret } from "../platform/secret.ts";

export type Turn =
  /** To be sent, in base64. */
  | { readonly kind: "challenge"; readonly challenge: string }
  | { readonly kind: "credentials"; readonly user: string; readonly password: Secret }
  /** `why` may be shown: it quotes nothing. */
  | { readonly kind: "malformed"; readonly why: string };

/** One login's worth. After credentials, or what is malformed, it is over. */
export interface PasswordExchange {
  /** What a client is sent that has sent no initial response, in base64. */
  readonly firstChallenge: string;
  /** Takes the initial response, or the answer to a challenge, as it came: in base64. */
  take(response: string): Turn;
}

export const NOT_BASE64: Turn = { kind: "malformed", why: "that is not base64" };

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a name can be written into logs and requests as it is. */
export function isUserName(name: string): boolean {
  return name !== "" && !CONTROL.test(name);
}

/** Credentials as a client has sent them; malformed when the user name is none. */
export function credentialsTurn(user: string, password: string): Turn {
  if (!isUserName(user)) return { kind: "malformed", why: "that is no user name" };
  return { kind: "credentials", user, password: new Secret(password) };
}
