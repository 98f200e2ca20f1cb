/**
 * Logging in with a token: connects, starts TLS, agrees on a mechanism. Whatever the network and the server do ends in a `LoginFailure`; only
 * what is wrong on our side (a user name with control characters) throws.
 */
import type { SecureContext } from "node:tls";
import { peerText } from "../platform/text.ts";
import type { Secret } from "../platform/secret.ts";
import type { FailureChallenge } from "../sasl/failure-challenge.ts";
import type { MechanismName, OAuthCredentials, SaslMechanism } from "../sasl/mechanism.ts";
import { chooseMechanism, mechanismNamed } from "../sasl/mechanisms.ts";
import { MailConnection } from "./connection.ts";
import type { Dialogue, Welcome } from "./dialogue.ts";
import { ImapLogin } from "./imap-login.ts";
import { MailServerError } from "./mail-server-error.ts";
import { PopLogin } from "./pop-login.ts";
import type { LoginFailure, LoginStage, MailProtocol, ServerAddress } from "./report.ts";
import { SmtpLogin } from "./smtp-login.ts";

/** The longest stretch of a server's words that is ever shown. */
const MAX_WORDS = 300;

export interface Approach {
  readonly protocol: MailProtocol;
  readonly server: ServerAddress;
  /** What an SMTP client calls itself; one address literal for all unless given. */
  readonly clientName?: string | undefined;
  /** PEM, all that are trusted; the runtime's own list when undefined. */
  readonly certificates?: readonly string[] | undefined;
  /** See `ConnectionOptions`. */
  readonly context?: SecureContext | undefined;
  readonly resume?: Buffer | undefined;
  readonly onSession?: ((session: Buffer) => void) | undefined;
  /** Milliseconds for all of it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LoginRequest extends Approach {
  readonly user: string;
  readonly token: Secret;
  /** Preferred first. */
  readonly mechanisms: readonly [MechanismName, ...MechanismName[]];
}

/** A connection that is in TLS and has greeted. The caller closes it. */
export interface Approached {
  readonly connection: MailConnection;
  readonly dialogue: Dialogue;
  readonly tlsVersion: string;
  /** Not clean yet. */
  readonly greeting: string;
}

/** How far it has come, for the report of a login that stops on the way. */
export interface Progress {
  stage: LoginStage;
  mechanism?: MechanismName;
  tlsVersion?: string;
}

const DIALOGUES: Readonly<Record<MailProtocol, new (connection: MailConnection, clientName?: string) => Dialogue>> = {
  imap: ImapLogin,
  pop: PopLogin,
  smtp: SmtpLogin,
};

/** Until the server has greeted, in TLS. @throws MailServerError with the connection closed */
export async function approach(request: Approach, progress: Progress = { stage: "connect" }): Promise<Approached> {
  const { protocol, server, clientName } = request;
  const connection = await MailConnection.open({ ...request, host: server.host, port: server.port });
  try {
    const dialogue = new DIALOGUES[protocol](connection, clientName);
    if (server.security === "tls") {
      progress.stage = "tls";
      await connection.secure();
    }
    progress.stage = "greeting";
    const greeting = await dialogue.greet();
    if (server.security === "starttls") {
      progress.stage = "tls";
      await dialogue.startTls();
    }
    const tlsVersion = requireTls(connection);
    progress.tlsVersion = tlsVersion;
    return { connection, dialogue, tlsVersion, greeting };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** @throws MailServerError */
export async function logIn(
  { connection, dialogue }: Approached,
  request: LoginRequest,
  progress: Progress,
): Promise<Welcome & { readonly mechanism: MechanismName }> {
  requireTls(connection);
  progress.stage = "capabilities";
  const mechanism = agree(request.mechanisms, await dialogue.offeredMechanisms());
  progress.stage = "authentication";
  progress.mechanism = mechanism.name;
  const welcome = await dialogue.authenticate(mechanism, credentialsOf(request));
  return { ...welcome, mechanism: mechanism.name };
}

/**
 * What takes the request's secrets, in any form that a server might echo, out of its words.
 *
 * @throws ERR_CONFIG, ERR_PROVIDER_UNAVAILABLE when the credentials cannot be encoded
 */
export function cleaner(request: LoginRequest): (text: string) => string {
  const responses = request.mechanisms.map((name) => mechanismNamed(name).initialResponse(credentialsOf(request)));
  return (text) => peerText(text, MAX_WORDS, [request.token, ...responses]);
}

export function failureOf(
  error: MailServerError,
  { protocol, server }: Approach,
  { stage, mechanism, tlsVersion }: Progress,
  clean: (text: string) => string,
): LoginFailure {
  const said = error.said === undefined ? "" : clean(error.said);
  return {
    ok: false,
    protocol,
    server,
    stage,
    reason: error.reason,
    message: error.message,
    ...(said === "" ? {} : { said }),
    ...(error.challenge === undefined ? {} : { challenge: cleanChallenge(error.challenge, clean) }),
    ...(mechanism === undefined ? {} : { mechanism }),
    ...(tlsVersion === undefined ? {} : { tlsVersion }),
  };
}

function credentialsOf({ user, token, server }: LoginRequest): OAuthCredentials {
  return { user, token, host: server.host, port: server.port };
}

/** The last gate before the token: no TLS, no login. */
function requireTls(connection: MailConnection): string {
  const version = connection.tlsVersion;
  if (version === undefined) throw new MailServerError("tls-failed", "the connection is not encrypted");
  return version;
}

function agree(preferred: LoginRequest["mechanisms"], offered: readonly string[] | undefined): SaslMechanism {
  if (offered === undefined) return mechanismNamed(preferred[0]);
  const mechanism = chooseMechanism(preferred, offered);
  if (mechanism !== undefined) return mechanism;
  throw new MailServerError("no-mechanism", `the server offers no ${preferred.join(" or ")}`, {
    said: offered.join(" "),
  });
}

function cleanChallenge(challenge: FailureChallenge, clean: (text: string) => string): FailureChallenge {
  const { status, ...rest } = challenge;
  const cleaned = Object.entries(rest).map(([name, text]) => [name, clean(text)] as const);
  return { status: clean(status), ...Object.fromEntries(cleaned) };
}
