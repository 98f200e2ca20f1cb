/**
 * What the two OAuth mechanisms of SASL have in common. No I/O in this folder: values in, values out.
 *
 * Encoded responses hold the access token, so they are `Secret`s like the token itself.
 *
 * @see RFC 7628, https://developers.google.com/gmail/imap/xoauth2-protocol
 */
import { MailkeyError } from "../errors.ts";
import type { Secret } from "../platform/secret.ts";

export type MechanismName = "XOAUTH2" | "OAUTHBEARER";

/** Who logs in, with what, and where: OAUTHBEARER names the server too. */
export interface OAuthCredentials {
  readonly user: string;
  readonly token: Secret;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

export interface SaslMechanism {
  readonly name: MechanismName;
  /**
   * The initial response, in base64.
   *
   * @throws ERR_CONFIG when user or host hold control characters, ERR_PROVIDER_UNAVAILABLE when the token is no token
   */
  initialResponse(credentials: OAuthCredentials): Secret;
  /** The credentials in an initial response; undefined when it is malformed. */
  decodeInitialResponse(encoded: string): OAuthCredentials | undefined;
  /** What the server is sent, in base64, when it explains a failure in a challenge: without it the server waits on. */
  readonly answerFailure: string;
}

/** 0x01, which ends every field of both mechanisms. */
export const FIELD_END = "\u0001";

/** C0 and C1 controls and DEL: they would end the field, the line or the command. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Printable ASCII (RFC 6749 appendix A.12) without spaces, which the Bearer scheme has no room for (RFC 6750 2.1). */
const ACCESS_TOKEN = /^[\u0021-\u007e]+$/;

/** @throws ERR_CONFIG, ERR_PROVIDER_UNAVAILABLE; neither quotes the token */
export function checkCredentials({ user, host, token }: OAuthCredentials): void {
  if (user === "" || CONTROL.test(user)) {
    throw new MailkeyError("ERR_CONFIG", "the user name is empty or holds control characters");
  }
  if (host !== undefined && (host === "" || CONTROL.test(host))) {
    throw new MailkeyError("ERR_CONFIG", "the server's name is empty or holds control characters");
  }
  if (!ACCESS_TOKEN.test(token.reveal())) {
    throw new MailkeyError("ERR_PROVIDER_UNAVAILABLE", "the access token is empty or holds characters no token has");
  }
}

/** Whether decoded credentials could have been encoded by us. */
export function isAcceptable(credentials: OAuthCredentials): boolean {
  try {
    checkCredentials(credentials);
    return true;
  } catch {
    return false;
  }
}
