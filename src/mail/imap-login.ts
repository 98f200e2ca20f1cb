/**
 * Logging in to IMAP. After the login NAMESPACE is asked for: Exchange accepts a login to a mailbox it will not open, and says
 * `User is authenticated but not connected.` only then.
 */
import type { OAuthCredentials, SaslMechanism } from "../sasl/mechanism.ts";
import { decodeFailureChallenge, type FailureChallenge } from "../sasl/failure-challenge.ts";
import type { Secret } from "../platform/secret.ts";
import type { MailConnection } from "./connection.ts";
import { MAX_CHALLENGES, type Dialogue, type Welcome } from "./dialogue.ts";
import {
  capabilitiesIn,
  encodeAuthenticate,
  literalLength,
  mechanismsAmong,
  parseImapResponse,
  type ImapResponse,
} from "./imap-codec.ts";
import { MailServerError } from "./mail-server-error.ts";
import { withoutCode } from "./response-code.ts";

/** Nothing in a login needs literals; a short one in an unasked response is read over. */
const MAX_LITERAL_BYTES = 16 * 1024;

type Tagged = Extract<ImapResponse, { kind: "tagged" }>;

export class ImapLogin implements Dialogue {
  readonly #connection: MailConnection;
  #capabilities: readonly string[] | undefined;
  #extensions: readonly string[] = [];
  #commands = 0;

  constructor(connection: MailConnection) {
    this.#connection = connection;
  }

  get extensions(): readonly string[] {
    return this.#extensions;
  }

  async greet(): Promise<string> {
    const greeting = await this.#next();
    if (greeting.kind !== "status" || greeting.status === "NO" || greeting.status === "BAD")
      throw new MailServerError("protocol", "the server does not greet as IMAP servers do", { said: greeting.text });
    if (greeting.status === "PREAUTH")
      throw new MailServerError("preauthenticated", "the server skips the login", { said: greeting.text });
    return greeting.text;
  }

  async startTls(): Promise<void> {
    const answer = await this.#command("STARTTLS");
    if (answer.status !== "OK")
      throw new MailServerError("starttls-refused", "the server does not start TLS", { said: answer.text });
    this.#capabilities = undefined;
    await this.#connection.secure();
  }

  async offeredMechanisms(): Promise<readonly string[]> {
    if (this.#capabilities === undefined) {
      const answer = await this.#command("CAPABILITY");
      if (answer.status !== "OK")
        throw new MailServerError("refused", "the server does not list its capabilities", { said: answer.text });
    }
    this.#extensions = this.#capabilities ?? [];
    return mechanismsAmong(this.#extensions);
  }

  async authenticate(mechanism: SaslMechanism, credentials: OAuthCredentials): Promise<Welcome> {
    const response = mechanism.initialResponse(credentials);
    const atOnce = this.#has("SASL-IR");
    const tag = this.#tag();
    this.#connection.writeLine(encodeAuthenticate(tag, mechanism.name, atOnce ? response : undefined));
    const pending = atOnce ? [] : [response];
    const before = this.#capabilities;
    this.#capabilities = undefined;
    const { answer, challenge } = await this.#exchange(tag, pending, mechanism);
    const capabilities = this.#capabilities;
    this.#capabilities ??= before;
    if (answer.status !== "OK")
      throw new MailServerError("refused", "the server refuses the login", { said: answer.text, challenge });
    return { said: withoutCode(answer.text), capabilities };
  }

  async probe(): Promise<string> {
    const answer = await this.#command(this.#has("NAMESPACE") ? "NAMESPACE" : 'LIST "" ""');
    if (answer.status !== "OK")
      throw new MailServerError("refused", "the server accepts the login, but not what follows it", {
        said: answer.text,
      });
    return answer.text;
  }

  async quit(): Promise<void> {
    const tag = this.#tag();
    this.#connection.writeLine(`${tag} LOGOUT`);
    for (;;) {
      const response = parseImapResponse(await this.#connection.readLine());
      if (response?.kind === "tagged" && response.tag === tag) return;
    }
  }

  /** Answers continuation requests, with what is pending first, until the command's end. */
  async #exchange(
    tag: string,
    pending: Secret[],
    mechanism: SaslMechanism,
  ): Promise<{ answer: Tagged; challenge: FailureChallenge | undefined }> {
    let challenge: FailureChallenge | undefined;
    for (let challenges = 0; challenges <= MAX_CHALLENGES; ) {
      const response = await this.#next();
      if (response.kind === "tagged" && response.tag === tag) return { answer: response, challenge };
      if (response.kind !== "continuation") continue;
      const next = pending.shift();
      if (next === undefined) {
        challenges += 1;
        challenge ??= decodeFailureChallenge(response.text);
      }
      this.#connection.writeLine(next ?? mechanism.answerFailure);
    }
    throw new MailServerError("protocol", "the server keeps asking and never answers", { challenge });
  }

  async #command(command: string): Promise<Tagged> {
    const tag = this.#tag();
    this.#connection.writeLine(`${tag} ${command}`);
    for (;;) {
      const response = await this.#next();
      if (response.kind === "tagged" && response.tag === tag) return response;
      if (response.kind === "continuation")
        throw new MailServerError("protocol", "the server asks for more where there is no more", {
          said: response.text,
        });
    }
  }

  /** The next response, literals read over. Capabilities are noted wherever they come. */
  async #next(): Promise<ImapResponse> {
    let line = await this.#connection.readLine();
    for (let length = literalLength(line); length !== undefined; length = literalLength(line)) {
      if (line.length + length > MAX_LITERAL_BYTES)
        throw new MailServerError("protocol", `the server announces a literal of ${length} bytes`, { said: line });
      line = `${line.slice(0, line.lastIndexOf("{"))}${await this.#connection.readBytes(length)}`;
      line += await this.#connection.readLine();
    }
    const response = parseImapResponse(line);
    if (response === undefined) throw new MailServerError("protocol", "the server does not speak IMAP", { said: line });
    if (response.kind === "status" && response.status === "BYE")
      throw new MailServerError("closed", "the server says goodbye", { said: response.text });
    this.#capabilities = capabilitiesIn(response) ?? this.#capabilities;
    return response;
  }

  #has(capability: string): boolean {
    return this.#capabilities?.some((name) => name.toUpperCase() === capability) === true;
  }

  #tag(): string {
    this.#commands += 1;
    return `A${this.#commands}`;
  }
}
