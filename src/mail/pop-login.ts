/**
 * Logging in to POP3.
 *
 * The initial response always goes on a line of its own: RFC 5034 4 allows it on the AUTH line within 255 bytes only, no token
 * is that short, and Exchange takes no other form.
 */
import type { OAuthCredentials, SaslMechanism } from "../sasl/mechanism.ts";
import { decodeFailureChallenge, type FailureChallenge } from "../sasl/failure-challenge.ts";
import type { MailConnection } from "./connection.ts";
import { MAX_CHALLENGES, type Dialogue, type Welcome } from "./dialogue.ts";
import { MailServerError } from "./mail-server-error.ts";
import { MULTILINE_END, mechanismsInCapa, parsePopReply, type PopReply } from "./pop-codec.ts";
import { withoutCode } from "./response-code.ts";

/** Servers list about ten. */
const MAX_CAPABILITIES = 100;

export class PopLogin implements Dialogue {
  readonly #connection: MailConnection;
  #extensions: readonly string[] = [];

  constructor(connection: MailConnection) {
    this.#connection = connection;
  }

  get extensions(): readonly string[] {
    return this.#extensions;
  }

  async greet(): Promise<string> {
    const greeting = await this.#reply();
    if (greeting.kind === "ok") return greeting.text;
    throw new MailServerError("refused", "the server does not want us", { said: greeting.text });
  }

  async startTls(): Promise<void> {
    const reply = await this.#command("STLS");
    if (reply.kind !== "ok")
      throw new MailServerError("starttls-refused", "the server does not start TLS", { said: reply.text });
    await this.#connection.secure();
  }

  async offeredMechanisms(): Promise<readonly string[] | undefined> {
    const reply = await this.#command("CAPA");
    if (reply.kind !== "ok") return undefined; // CAPA is optional (RFC 2449 5)
    const lines: string[] = [];
    for (;;) {
      const line = await this.#connection.readLine();
      if (line === MULTILINE_END) {
        this.#extensions = lines;
        return mechanismsInCapa(lines);
      }
      if (lines.push(line) > MAX_CAPABILITIES)
        throw new MailServerError("protocol", "the server's list of capabilities does not end");
    }
  }

  async authenticate(mechanism: SaslMechanism, credentials: OAuthCredentials): Promise<Welcome> {
    const response = mechanism.initialResponse(credentials);
    let reply = await this.#command(`AUTH ${mechanism.name}`);
    if (reply.kind === "continuation") {
      this.#connection.writeLine(response);
      reply = await this.#reply();
    }
    let challenge: FailureChallenge | undefined;
    for (let challenges = 0; reply.kind === "continuation"; challenges++) {
      if (challenges === MAX_CHALLENGES)
        throw new MailServerError("protocol", "the server keeps asking and never answers", { challenge });
      challenge ??= decodeFailureChallenge(reply.text);
      reply = await this.#command(mechanism.answerFailure);
    }
    if (reply.kind === "error")
      throw new MailServerError("refused", "the server refuses the login", { said: reply.text, challenge });
    return { said: withoutCode(reply.text) };
  }

  async probe(): Promise<string> {
    const reply = await this.#command("STAT");
    if (reply.kind === "ok") return reply.text;
    throw new MailServerError("refused", "the server accepts the login, but not what follows it", {
      said: reply.text,
    });
  }

  async quit(): Promise<void> {
    await this.#command("QUIT");
  }

  async #command(line: string): Promise<PopReply> {
    this.#connection.writeLine(line);
    return this.#reply();
  }

  async #reply(): Promise<PopReply> {
    const line = await this.#connection.readLine();
    const reply = parsePopReply(line);
    if (reply === undefined) throw new MailServerError("protocol", "the server does not speak POP3", { said: line });
    return reply;
  }
}
