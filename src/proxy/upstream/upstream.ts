/**
 * The proxy's own connections to mail servers: always in TLS, always verified, logged in with an access token.
 *
 * This module says what they are; `open.ts` makes them.
 */
import type { TLSSocket } from "node:tls";
import type { MailProtocol } from "../../mail/report.ts";
import type { Mailbox } from "../mailboxes.ts";
import type { Refusal } from "../refusal.ts";

export interface UpstreamRequest {
  readonly protocol: MailProtocol;
  readonly mailbox: Mailbox;
  /** For EHLO. */
  readonly clientName?: string | undefined;
  /** The client has gone, or the proxy stops. */
  readonly signal: AbortSignal;
}

/** A connection that is logged in. */
export interface Opened {
  /** Paused, with half-open ends allowed; nobody listens on it yet, and an error before anybody does is ignored. */
  readonly socket: TLSSocket;
  /** What the server has sent after its answer to the login. */
  readonly unread: Uint8Array;
  /** The words of that answer, without codes (IMAP: without the CAPABILITY code). Control characters stripped. */
  readonly said: string;
  /** IMAP: what the server listed after the login, as it wrote it; undefined when it listed nothing. */
  readonly capabilities: readonly string[] | undefined;
  /** What it listed before the login. SMTP: the lines of its EHLO reply after the first; POP3: of its CAPA reply; IMAP: capabilities. */
  readonly extensions: readonly string[];
}

export interface Upstream {
  /** Never rejects, but for the signal's reason. */
  open(request: UpstreamRequest): Promise<Opened | Refusal>;
  /**
   * What `mailboxes`' servers have in common before anybody has logged in: of SMTP what EHLO lists, of POP3 what CAPA lists,
   * of IMAP the capabilities. Servers that cannot be reached count for nothing. Remembered for a while.
   */
  extensions(protocol: MailProtocol, mailboxes: readonly Mailbox[]): Promise<readonly string[]>;
}
