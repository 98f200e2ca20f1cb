/** What a test login came to. Words of the server's are clean: no control characters, no token, bounded. */
import type { FailureChallenge } from "../sasl/failure-challenge.ts";
import type { MechanismName } from "../sasl/mechanism.ts";

export type MailProtocol = "imap" | "pop" | "smtp";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** How TLS starts: at once, or after STARTTLS/STLS. */
  readonly security: "tls" | "starttls";
}

/** How far a login came. */
export type LoginStage = "connect" | "tls" | "greeting" | "capabilities" | "authentication" | "after-login";

/** Why it went no further: branch on this, not on words. */
export type LoginProblem =
  /** No connection: refused, no such host, no route. */
  | "unreachable"
  /** The time was up. */
  | "timeout"
  /** The caller's signal. */
  | "aborted"
  /** The server hung up, in words (`said`) or without. */
  | "closed"
  /** The certificate is not trusted, not of this host, or out of its time. */
  | "certificate"
  /** No TLS 1.2 or newer: another protocol, an older version, no common cipher. */
  | "tls-failed"
  /** The server does not start TLS although it should. */
  | "starttls-refused"
  /** Something followed the answer to STARTTLS in plain text: somebody on the way put it there. */
  | "starttls-injection"
  /** The server considers us logged in already; nobody has proved anything to anybody. */
  | "preauthenticated"
  /** What it says is not of the protocol, or more than anybody needs. */
  | "protocol"
  /** It offers none of the mechanisms. */
  | "no-mechanism"
  /** It answered with no. */
  | "refused";

export interface LoginSuccess {
  readonly ok: true;
  readonly protocol: MailProtocol;
  readonly server: ServerAddress;
  readonly mechanism: MechanismName;
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly tlsVersion: string;
  readonly greeting: string;
  /** Its answer to the command after the login. */
  readonly said: string;
}

export interface LoginFailure {
  readonly ok: false;
  readonly protocol: MailProtocol;
  readonly server: ServerAddress;
  readonly stage: LoginStage;
  readonly reason: LoginProblem;
  /** The reason as a sentence: lower case, no full stop. */
  readonly message: string;
  /** The server's words, when it said something about it. */
  readonly said?: string;
  readonly challenge?: FailureChallenge;
  readonly mechanism?: MechanismName;
  readonly tlsVersion?: string;
}

export type LoginReport = LoginSuccess | LoginFailure;
