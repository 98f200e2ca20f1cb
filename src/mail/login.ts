/**
 * A test login: connects, starts TLS, logs in with a token, tries one command and leaves. Whatever the network and the server do
 * ends in a report; only what is wrong on our side (a user name with control characters) throws.
 */
import { peerText } from "../platform/text.ts";
import type { Secret } from "../platform/secret.ts";
import type { FailureChallenge } from "../sasl/failure-challenge.ts";
import type { MechanismName, OAuthCredentials, SaslMechanism } from "../sasl/mechanism.ts";
import { chooseMechanism, mechanismNamed } from "../sasl/mechanisms.ts";
import { MailConnection } from "./connection.ts";
import type { Dialogue } from "./dialogue.ts";
import { ImapLogin } from "./imap-login.ts";
import { MailServerError } from "./mail-server-error.ts";
import { PopLogin } from "./pop-login.ts";
import type { LoginFailure, LoginReport, LoginStage, MailProtocol, ServerAddress } from "./report.ts";
import { SmtpLogin } from "./smtp-login.ts";

/** The longest stretch of a server's words that is ever shown. */
const MAX_WORDS = 300;

export interface LoginRequest {
  readonly protocol: MailProtocol;
  readonly server: ServerAddress;
  readonly user: string;
  readonly token: Secret;
  /** Preferred first. */
  readonly mechanisms: readonly [MechanismName, ...MechanismName[]];
  /** PEM, all that are trusted; the runtime's own list when undefined. */
  readonly certificates?: readonly string[] | undefined;
  /** Milliseconds for all of it. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A server that does not answer to goodbye is left alone after this. */
const QUIT_TIMEOUT_MS = 1000;

const DIALOGUES: Readonly<Record<MailProtocol, new (connection: MailConnection) => Dialogue>> = {
  imap: ImapLogin,
  pop: PopLogin,
  smtp: SmtpLogin,
};

/** What is known so far, for the report of a login that stops on the way. */
interface Progress {
  stage: LoginStage;
  mechanism?: MechanismName;
  tlsVersion?: string;
}

/** @throws ERR_CONFIG, ERR_PROVIDER_UNAVAILABLE when the credentials cannot be encoded */
export async function testLogin(request: LoginRequest): Promise<LoginReport> {
  const { protocol, server, user, token, mechanisms } = request;
  const credentials: OAuthCredentials = { user, token, host: server.host, port: server.port };
  const responses = mechanisms.map((name) => mechanismNamed(name).initialResponse(credentials));
  const clean = (text: string) => peerText(text, MAX_WORDS, [token, ...responses]);
  const progress: Progress = { stage: "connect" };
  let connection: MailConnection | undefined;
  try {
    connection = await MailConnection.open({ ...request, host: server.host, port: server.port });
    const { mechanism, greeting, said } = await converse(connection, request, credentials, progress);
    const tlsVersion = progress.tlsVersion ?? "";
    return { ok: true, protocol, server, mechanism, tlsVersion, greeting: clean(greeting), said: clean(said) };
  } catch (error) {
    if (!(error instanceof MailServerError)) throw error;
    return failureOf(error, request, progress, clean);
  } finally {
    connection?.close();
  }
}

async function converse(
  connection: MailConnection,
  { protocol, server, mechanisms }: LoginRequest,
  credentials: OAuthCredentials,
  progress: Progress,
): Promise<{ mechanism: MechanismName; greeting: string; said: string }> {
  const dialogue = new DIALOGUES[protocol](connection);
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
  progress.tlsVersion = requireTls(connection);
  progress.stage = "capabilities";
  const mechanism = agree(mechanisms, await dialogue.offeredMechanisms());
  progress.stage = "authentication";
  progress.mechanism = mechanism.name;
  await dialogue.authenticate(mechanism, credentials);
  progress.stage = "after-login";
  const said = await dialogue.probe();
  await leave(dialogue, connection);
  return { mechanism: mechanism.name, greeting, said };
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

async function leave(dialogue: Dialogue, connection: MailConnection): Promise<void> {
  const timer = setTimeout(() => connection.close(), QUIT_TIMEOUT_MS);
  try {
    await dialogue.quit();
  } catch {
    // the login itself is proved
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(
  error: MailServerError,
  { protocol, server }: LoginRequest,
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

function cleanChallenge(challenge: FailureChallenge, clean: (text: string) => string): FailureChallenge {
  const { status, ...rest } = challenge;
  const cleaned = Object.entries(rest).map(([name, text]) => [name, clean(text)] as const);
  return { status: clean(status), ...Object.fromEntries(cleaned) };
}
