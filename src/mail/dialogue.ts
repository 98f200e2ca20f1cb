/** What IMAP, POP3 and SMTP have in common as far as logging in goes. Each method is one stage; the order is theirs. */
import type { OAuthCredentials, SaslMechanism } from "../sasl/mechanism.ts";

export interface Dialogue {
  /** Waits for the server's greeting. @returns its words */
  greet(): Promise<string>;
  /** Has TLS started. What the server said before is forgotten. */
  startTls(): Promise<void>;
  /** The SASL mechanisms that the server lists; undefined when it lists nothing at all. */
  offeredMechanisms(): Promise<readonly string[] | undefined>;
  /** What `offeredMechanisms` has brought besides: the lines of an EHLO reply after the first, or of a CAPA reply; IMAP's capabilities. */
  readonly extensions: readonly string[];
  /** @throws MailServerError with the server's words and its challenge */
  authenticate(mechanism: SaslMechanism, credentials: OAuthCredentials): Promise<Welcome>;
  /** One harmless command, since some servers say no only after the login. @returns the answer's words */
  probe(): Promise<string>;
  /** Says goodbye. That something goes wrong with it is of no interest to anybody. */
  quit(): Promise<void>;
}

/** What a server says to somebody who is in. */
export interface Welcome {
  /** Without codes. As it came: control characters may be in it. */
  readonly said: string;
  /** IMAP: what it lists along with it, as it writes it; undefined when it lists nothing. */
  readonly capabilities?: readonly string[] | undefined;
}

/** After the initial response a server asks once more, to explain a failure. More than this is none of the mechanisms'. */
export const MAX_CHALLENGES = 3;
