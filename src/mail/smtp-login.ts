/**
 * Logging in to SMTP submission. After the login comes NOOP and nothing else: MAIL FROM would prove little (Exchange checks the
 * sender after DATA), and relays count it.
 */
import type { OAuthCredentials, SaslMechanism } from "../sasl/mechanism.ts";
import { decodeFailureChallenge, type FailureChallenge } from "../sasl/failure-challenge.ts";
import type { Secret } from "../platform/secret.ts";
import type { MailConnection } from "./connection.ts";
import { MAX_CHALLENGES, type Dialogue, type Welcome } from "./dialogue.ts";
import { MailServerError } from "./mail-server-error.ts";
import { encodeAuth, mechanismsInEhlo, parseSmtpLine, withoutCodes, wordsOf, type SmtpReply } from "./smtp-codec.ts";

/** An address literal (RFC 5321 4.1.3), the same for everybody: the machine's name is nobody's business. */
const USUAL_NAME = "[127.0.0.1]";

/** EHLO replies have about fifteen lines. */
const MAX_REPLY_LINES = 100;

const READY = 220;
const SERVER_CHALLENGE = 334;
const CLOSING = 421;

export class SmtpLogin implements Dialogue {
  readonly #connection: MailConnection;
  readonly #clientName: string;
  #extensions: readonly string[] = [];

  /** @param clientName for EHLO, where it is somebody else who will go on with the session */
  constructor(connection: MailConnection, clientName = USUAL_NAME) {
    this.#connection = connection;
    this.#clientName = clientName;
  }

  get extensions(): readonly string[] {
    return this.#extensions;
  }

  async greet(): Promise<string> {
    const greeting = await this.#reply();
    if (greeting.code === READY) return greeting.lines.join(" ");
    throw new MailServerError("refused", "the server does not want us", { said: wordsOf(greeting) });
  }

  async startTls(): Promise<void> {
    await this.#ehlo();
    const reply = await this.#command("STARTTLS");
    if (reply.code !== READY)
      throw new MailServerError("starttls-refused", "the server does not start TLS", { said: wordsOf(reply) });
    await this.#connection.secure();
  }

  async offeredMechanisms(): Promise<readonly string[]> {
    return mechanismsInEhlo(await this.#ehlo());
  }

  async authenticate(mechanism: SaslMechanism, credentials: OAuthCredentials): Promise<Welcome> {
    const response = mechanism.initialResponse(credentials);
    const atOnce = encodeAuth(mechanism.name, response);
    let reply = await this.#command(atOnce ?? `AUTH ${mechanism.name}`);
    if (atOnce === undefined && reply.code === SERVER_CHALLENGE) reply = await this.#command(response);
    let challenge: FailureChallenge | undefined;
    for (let challenges = 0; reply.code === SERVER_CHALLENGE; challenges++) {
      if (challenges === MAX_CHALLENGES)
        throw new MailServerError("protocol", "the server keeps asking and never answers", { challenge });
      challenge ??= decodeFailureChallenge(reply.lines.join(""));
      reply = await this.#command(mechanism.answerFailure);
    }
    if (!isPositive(reply))
      throw new MailServerError("refused", "the server refuses the login", { said: wordsOf(reply), challenge });
    return { said: withoutCodes(reply) };
  }

  async probe(): Promise<string> {
    const reply = await this.#command("NOOP");
    if (isPositive(reply)) return wordsOf(reply);
    throw new MailServerError("refused", "the server accepts the login, but not what follows it", {
      said: wordsOf(reply),
    });
  }

  async quit(): Promise<void> {
    await this.#command("QUIT");
  }

  async #ehlo(): Promise<SmtpReply> {
    const reply = await this.#command(`EHLO ${this.#clientName}`);
    if (isPositive(reply)) {
      this.#extensions = reply.lines.slice(1);
      return reply;
    }
    throw new MailServerError("refused", "the server does not list its capabilities", { said: wordsOf(reply) });
  }

  async #command(line: string | Secret): Promise<SmtpReply> {
    this.#connection.writeLine(line);
    return this.#reply();
  }

  async #reply(): Promise<SmtpReply> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.#connection.readLine();
      const parsed = parseSmtpLine(line);
      if (parsed === undefined) throw new MailServerError("protocol", "the server does not speak SMTP", { said: line });
      if (lines.push(parsed.text) > MAX_REPLY_LINES)
        throw new MailServerError("protocol", "the server's reply does not end", { said: lines[0] });
      if (parsed.more) continue;
      const reply = { code: parsed.code, lines };
      if (parsed.code === CLOSING)
        throw new MailServerError("closed", "the server closes the connection", { said: wordsOf(reply) });
      return reply;
    }
  }
}

function isPositive(reply: SmtpReply): boolean {
  return reply.code >= 200 && reply.code < 300;
}
