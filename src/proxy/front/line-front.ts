/**
 * What POP3 and SMTP have in common before a login: commands of one line, AUTH with its challenges, TLS, counting. What they say
 * is their dialects' matter (`pop-front.ts`, `smtp-front.ts`).
 *
 * Lines end with CR LF and nothing else does: who sends a bare CR or LF is not listened to any further, so that no two readers of the
 * same bytes can find different commands in them. Neither is who sends a NUL: it is TLS, in whose first message a web page can hide lines of
 * its own (a session ticket), or another protocol.
 */
import type { AuthArgument } from "../../mail/auth-argument.ts";
import { ByteBuffer } from "../../mail/byte-buffer.ts";
import { isHttpRequest } from "../../mail/http-request.ts";
import type { PasswordExchange, Turn } from "../../sasl/password-exchange.ts";
import { passwordExchange } from "../../sasl/password-mechanisms.ts";
import { plainExchange } from "../../sasl/plain.ts";
import type { Opened } from "../upstream/upstream.ts";
import type { Refusal } from "../refusal.ts";
import { MAX_AHEAD_BYTES, type Farewell, type Front, type FrontOptions, type Login, type Step } from "./front.ts";

/** Of one front: it may remember what a client has said. All its words are lines without the last one's end. */
export interface Dialect {
  readonly greeting: string;
  /** What to do about a command. */
  react(line: string): Reaction;
  /** The reply to CAPA, or EHLO. */
  list(offer: Offer, extensions: readonly string[]): string;
  /** What a client calls itself, where that is fit to be handed on. */
  readonly clientName: string | undefined;
  /** TLS has begun: what the client said before may have been somebody else's words. */
  forget(): void;
  challenge(challenge: string): string;
  accepted(said: string): string;
  refused(refusal: Refusal): string;
  farewell(reason: Farewell): string;
  /** `why` may be shown. */
  malformed(why: string): string;
  readonly replies: Readonly<Record<Occasion, string>>;
}

export type Occasion =
  | "logInFirst"
  | "startTlsFirst"
  /** The same, to somebody who tries to log in. */
  | "logInInTls"
  | "noTls"
  | "tlsAlready"
  | "startTls"
  | "bytesBeforeTls"
  | "unknownMechanism"
  | "cancelled"
  | "lineTooLong"
  | "bareLineEnd"
  | "nul"
  | "isHttp"
  | "tooManyCommands"
  | "tooMuchAtOnce";

export type Reaction =
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "leave"; readonly text: string }
  | { readonly kind: "list" }
  | { readonly kind: "start-tls" }
  | ({ readonly kind: "authenticate" } & AuthArgument)
  /** A step of a login: the reply, when there may be one. */
  | { readonly kind: "identify"; readonly text: string }
  | { readonly kind: "log-in"; readonly login: Login }
  /** A command that is the server's matter. */
  | { readonly kind: "pass" };

export interface Offer {
  readonly mayLogIn: boolean;
  readonly mayStartTls: boolean;
}

export class LineFront implements Front {
  readonly #dialect: Dialect;
  readonly #options: FrontOptions;
  #tls: FrontOptions["tls"];
  readonly #buffer = new ByteBuffer();
  /** A command that the server is to get, its line's end included. */
  #kept = "";
  readonly #steps: Step[];
  /** What the driver has been asked for and has not answered. */
  #asked: "learn" | "log-in" | "secure" | undefined;
  #exchange: PasswordExchange | undefined;
  #extensions: readonly string[] | undefined;
  #commands = 0;
  #failures = 0;
  #isFlooded = false;
  #isOver = false;

  constructor(dialect: Dialect, options: FrontOptions) {
    this.#dialect = dialect;
    this.#options = options;
    this.#tls = options.tls;
    this.#steps = [say(dialect.greeting)];
  }

  push(bytes: Uint8Array): void {
    if (this.#buffer.length + bytes.length > MAX_AHEAD_BYTES) this.#isFlooded = true;
    else this.#buffer.push(bytes);
  }

  next(): Step | undefined {
    const step = this.#steps.shift() ?? this.#read();
    if (step?.kind === "leave" || step?.kind === "pass") this.#isOver = true;
    if (step?.kind === "learn" || step?.kind === "log-in" || step?.kind === "secure") this.#asked = step.kind;
    return step;
  }

  secured(): void {
    this.#asked = undefined;
    this.#tls = "on";
    this.#buffer.takeAll();
    this.#dialect.forget();
  }

  learned(extensions: readonly string[]): void {
    this.#asked = undefined;
    this.#extensions = extensions.filter((line) => EXTENSION.test(line));
    this.#steps.push(this.#list(this.#extensions));
  }

  accepted({ said }: Pick<Opened, "said">): void {
    this.#asked = undefined;
    if (this.#isFlooded) {
      this.#steps.push(leave(this.#dialect.replies.tooMuchAtOnce));
      return;
    }
    if (this.#kept === "") this.#steps.push(say(this.#dialect.accepted(said)));
    this.#steps.push({ kind: "pass" });
  }

  refused(refusal: Refusal): void {
    this.#asked = undefined;
    this.#kept = "";
    this.#failures += 1;
    const isLast = refusal.kind === "unavailable" || this.#failures >= this.#options.limits.failures;
    this.#steps.push((isLast ? leave : say)(this.#dialect.refused(refusal)));
  }

  takeRest(): Uint8Array {
    const kept = Buffer.from(this.#kept, "latin1");
    this.#kept = "";
    const rest = this.#buffer.takeAll();
    return kept.length === 0 ? rest : Buffer.concat([kept, rest]);
  }

  farewell(reason: Farewell): string {
    return `${this.#dialect.farewell(reason)}\r\n`;
  }

  #read(): Step | undefined {
    if (this.#isOver || this.#asked !== undefined) return undefined;
    const { replies } = this.#dialect;
    if (this.#isFlooded) return leave(replies.tooMuchAtOnce);
    const length = this.#buffer.lineLength();
    if ((length ?? this.#buffer.length) > this.#options.limits.lineBytes) return leave(replies.lineTooLong);
    if (length === undefined) return undefined;
    const bytes = this.#buffer.takeText(length, "latin1");
    if (!LINE.test(bytes)) return leave(replies.bareLineEnd);
    if (bytes.includes("\0")) return leave(replies.nul);
    const line = Buffer.from(bytes.slice(0, -"\r\n".length), "latin1").toString("utf8");
    if (this.#exchange !== undefined) return this.#answer(this.#exchange, line);
    if (isHttpRequest(line)) return leave(replies.isHttp);
    if (++this.#commands > this.#options.limits.commands) return leave(replies.tooManyCommands);
    return this.#obey(this.#dialect.react(line), bytes);
  }

  /** @param bytes the command's line */
  #obey(reaction: Reaction, bytes: string): Step {
    if (reaction.kind === "say") return say(reaction.text);
    if (reaction.kind === "leave") return leave(reaction.text);
    if (reaction.kind === "list")
      return this.#extensions === undefined ? { kind: "learn" } : this.#list(this.#extensions);
    if (reaction.kind === "start-tls") return this.#startTls();
    if (reaction.kind === "pass") return this.#passOn(bytes);
    // All others are about logging in.
    if (this.#tls === "required") return say(this.#dialect.replies.logInInTls);
    if (reaction.kind === "identify") return say(reaction.text);
    return reaction.kind === "log-in" ? this.#logIn(reaction.login) : this.#authenticate(reaction);
  }

  #passOn(bytes: string): Step {
    const { replies } = this.#dialect;
    if (this.#options.login === "password")
      return say(this.#tls === "required" ? replies.startTlsFirst : replies.logInFirst);
    this.#kept = bytes;
    return this.#logIn(NOBODY);
  }

  #list(extensions: readonly string[]): Step {
    const mayStartTls = this.#tls === "offered" || this.#tls === "required";
    return say(this.#dialect.list({ mayLogIn: this.#tls !== "required", mayStartTls }, extensions));
  }

  /** What has been sent behind the command, in the clear, could be taken for what is said in TLS (CVE-2011-0411): that is the end. */
  #startTls(): Step {
    const { replies } = this.#dialect;
    if (this.#tls === "absent") return say(replies.noTls);
    if (this.#tls === "on") return say(replies.tlsAlready);
    if (this.#buffer.length > 0) return leave(replies.bytesBeforeTls);
    return { kind: "secure", text: `${replies.startTls}\r\n` };
  }

  #authenticate({ mechanism, initialResponse }: AuthArgument): Step {
    const isGiven = this.#options.login === "given";
    // Where any credentials will do, those of any mechanism will.
    const exchange = passwordExchange(mechanism) ?? (isGiven ? plainExchange() : undefined);
    if (exchange === undefined) return say(this.#dialect.replies.unknownMechanism);
    if (initialResponse !== undefined) return this.#turn(exchange, exchange.take(initialResponse));
    this.#exchange = exchange;
    return say(this.#dialect.challenge(exchange.firstChallenge));
  }

  #answer(exchange: PasswordExchange, line: string): Step {
    this.#exchange = undefined;
    if (line === "*") return say(this.#dialect.replies.cancelled);
    return this.#turn(exchange, exchange.take(line));
  }

  #turn(exchange: PasswordExchange, turn: Turn): Step {
    if (turn.kind === "credentials") return this.#logIn({ user: turn.user, password: turn.password });
    if (turn.kind === "malformed")
      return this.#options.login === "given" ? this.#logIn(NOBODY) : say(this.#dialect.malformed(turn.why));
    this.#exchange = exchange;
    return say(this.#dialect.challenge(turn.challenge));
  }

  #logIn(login: Login): Step {
    const who = this.#options.login === "given" ? NOBODY : login;
    return { kind: "log-in", login: { ...who, clientName: this.#dialect.clientName } };
  }
}

const NOBODY: Login = { user: undefined, password: undefined };

/** One line as it should be. */
const LINE = /^[^\r\n]*\r\n$/;

/** A server's words, which become the proxy's: nothing but printable ASCII, of a length that fits a reply. */
const EXTENSION = /^[!-~][ -~]{0,399}$/;

function say(text: string): Step {
  return { kind: "say", text: `${text}\r\n` };
}

function leave(text: string): Step {
  return { kind: "leave", text: `${text}\r\n` };
}
