/**
 * IMAP until somebody has logged in.
 *
 * Before the login the client hears what the proxy can do, after it what its server can. Many ask only once, and before: whoever asks is told
 * besides what all the servers can that it may belong to. LITERAL+ is understood whether they can or not.
 *
 * @see RFC 9051 and RFC 3501, RFC 2971 (ID), RFC 4959 (SASL-IR), RFC 5530 (response codes), RFC 7888 (LITERAL+)
 */
import { ImapCommandReader, type DecodedCommand, type ImapCommand } from "../../mail/imap-command.ts";
import type { Secret } from "../../platform/secret.ts";
import { credentialsTurn, type PasswordExchange, type Turn } from "../../sasl/password-exchange.ts";
import { passwordExchange } from "../../sasl/password-mechanisms.ts";
import type { Refusal } from "../refusal.ts";
import type { Opened } from "../upstream/upstream.ts";
import { MAX_AHEAD_BYTES, type Farewell, type Front, type FrontOptions, type Step } from "./front.ts";
import { capabilityNames } from "./imap-capabilities.ts";
import { imapBye, imapFarewell, imapRefusal } from "./imap-words.ts";
import { spoken } from "./words.ts";

type Command<N extends ImapCommand["name"]> = Extract<ImapCommand, { name: N }>;

/** What the proxy can do itself. */
const OWN = ["IMAP4rev1", "SASL-IR", "ID"];
const FLOODED = imapBye("too much at once, before the login");

export class ImapFront implements Front {
  readonly #options: FrontOptions;
  readonly #reader: ImapCommandReader;
  readonly #steps: Step[] = [];
  #tls: FrontOptions["tls"];
  /** `asking`: a step has to be answered before anything else is read. */
  #stage: "commands" | "exchange" | "asking" | "over" = "commands";
  /** Of the command that waits for an answer; undefined where there was none (`login: "given"`). */
  #tag: string | undefined;
  #extensions: readonly string[] | undefined;
  #exchange: PasswordExchange | undefined;
  #commands = 0;
  #failures = 0;
  #isFlooded = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#reader = new ImapCommandReader(options.limits.lineBytes);
    this.#tls = options.tls;
    if (options.login === "given") this.#logIn(undefined, undefined);
    else this.#say(`* OK [${this.#capabilities()}] mailkey proxy ready`);
  }

  push(bytes: Uint8Array): void {
    if (this.#reader.pendingBytes + bytes.length > MAX_AHEAD_BYTES) this.#isFlooded = true;
    else this.#reader.push(bytes);
  }

  next(): Step | undefined {
    while (this.#steps.length === 0 && this.#readOn());
    return this.#steps.shift();
  }

  secured(): void {
    this.#tls = "on";
    this.#stage = "commands";
    this.#reader.takeRest();
  }

  learned(extensions: readonly string[]): void {
    this.#extensions = capabilityNames(extensions).filter(
      (name) => !OWN.some((own) => own.toUpperCase() === name.toUpperCase()),
    );
    this.#stage = "commands";
    this.#list(this.#tag ?? "*");
  }

  accepted({ capabilities, said }: Pick<Opened, "said" | "capabilities">): void {
    if (this.#isFlooded) return this.#leave(FLOODED);
    const names = capabilityNames(capabilities ?? []);
    const code = names.length === 0 ? "" : `[${["CAPABILITY", ...names].join(" ")}] `;
    this.#say(`${this.#tag === undefined ? "* PREAUTH" : `${this.#tag} OK`} ${code}${spoken(said) || "logged in"}`);
    this.#steps.push({ kind: "pass" });
    this.#stage = "over";
  }

  refused(refusal: Refusal): void {
    const text = imapRefusal(refusal);
    this.#failures += 1;
    this.#stage = "commands";
    if (this.#tag === undefined) return this.#leave(imapBye(text));
    const answer = `${this.#tag} NO ${text}`;
    if (refusal.kind === "unavailable") return this.#leave(`${answer}\r\n${imapBye("[UNAVAILABLE] try again later")}`);
    if (this.#failures >= this.#options.limits.failures)
      return this.#leave(`${answer}\r\n${imapBye("too many failed logins")}`);
    this.#say(answer);
  }

  takeRest(): Uint8Array {
    return this.#reader.takeRest();
  }

  farewell(reason: Farewell): string {
    return imapFarewell(reason);
  }

  /** @returns whether something was read */
  #readOn(): boolean {
    if (this.#stage === "asking" || this.#stage === "over") return false;
    if (!this.#isFlooded) return this.#stage === "exchange" ? this.#readResponse() : this.#readCommand();
    this.#leave(FLOODED);
    return true;
  }

  #readCommand(): boolean {
    const decoded = this.#reader.next();
    if (decoded === undefined) return false;
    this.#commands += 1;
    if (this.#commands > this.#options.limits.commands) this.#leave(imapBye("too many commands without a login"));
    else this.#obey(decoded);
    return true;
  }

  #obey(decoded: DecodedCommand): void {
    switch (decoded.kind) {
      case "literal":
        return this.#askForLiteral(decoded.tag);
      case "bad":
        return this.#say(`${decoded.tag} BAD ${decoded.why}`);
      case "lost":
        return this.#leave(imapBye(decoded.why));
      case "command":
        return this.#run(decoded.command);
    }
  }

  #run(command: ImapCommand): void {
    const { tag } = command;
    switch (command.name) {
      case "CAPABILITY":
        return this.#list(tag);
      case "NOOP":
        return this.#say(`${tag} OK done`);
      case "ID":
        return this.#say(`* ID ("name" "mailkey proxy")\r\n${tag} OK done`);
      case "LOGOUT":
        return this.#leave(`${imapBye("goodbye")}${tag} OK done\r\n`);
      case "STARTTLS":
        return this.#startTls(tag);
      case "LOGIN":
      case "AUTHENTICATE":
        return this.#tls === "required" ? this.#wantTls(tag) : this.#begin(command);
      case "other":
        return this.#say(`${tag} BAD unknown, or not before the login`);
    }
  }

  #list(tag: string): void {
    if (this.#extensions !== undefined) return this.#say(`* ${this.#capabilities(this.#extensions)}\r\n${tag} OK done`);
    this.#tag = tag;
    this.#steps.push({ kind: "learn" });
    this.#stage = "asking";
  }

  #askForLiteral(tag: string): void {
    if (this.#tls !== "required") return this.#say("+ go on");
    this.#reader.refuseLiteral(); // it would be a password in the clear
    this.#wantTls(tag);
  }

  #wantTls(tag: string): void {
    this.#say(`${tag} NO [PRIVACYREQUIRED] begin with STARTTLS`);
  }

  #startTls(tag: string): void {
    if (this.#tls === "on") return this.#say(`${tag} BAD this is TLS already`);
    if (this.#tls === "absent") return this.#say(`${tag} BAD there is no TLS here`);
    // Whoever put it there wants it to be taken for the client's own words in TLS (CVE-2011-0411).
    if (this.#reader.pendingBytes > 0)
      return this.#leave(`${tag} BAD nothing may follow STARTTLS\r\n${imapBye("goodbye")}`);
    this.#steps.push({ kind: "secure", text: `${tag} OK begin TLS\r\n` });
    this.#stage = "asking";
  }

  #begin(command: Command<"LOGIN" | "AUTHENTICATE">): void {
    this.#tag = command.tag;
    if (command.name === "LOGIN") return this.#take(credentialsTurn(command.user, command.password.reveal()));
    const exchange = passwordExchange(command.mechanism);
    if (exchange === undefined) return this.#say(`${command.tag} NO no such mechanism, use PLAIN or LOGIN`);
    this.#exchange = exchange;
    if (command.initialResponse !== undefined) return this.#take(exchange.take(command.initialResponse.reveal()));
    this.#take({ kind: "challenge", challenge: exchange.firstChallenge });
  }

  #readResponse(): boolean {
    const line = this.#reader.nextLine();
    if (line === undefined) return false;
    if (typeof line !== "string") this.#leave(imapBye(line.why));
    else if (line === "*") this.#take({ kind: "malformed", why: "as you wish" });
    else if (this.#exchange !== undefined) this.#take(this.#exchange.take(line));
    return true;
  }

  #take(turn: Turn): void {
    this.#stage = turn.kind === "challenge" ? "exchange" : "commands";
    if (turn.kind === "challenge") return this.#say(`+ ${turn.challenge}`);
    this.#exchange = undefined;
    if (turn.kind === "malformed") return this.#say(`${this.#tag} BAD ${turn.why}`);
    this.#logIn(turn.user, turn.password);
  }

  #logIn(user: string | undefined, password: Secret | undefined): void {
    this.#steps.push({ kind: "log-in", login: { user, password } });
    this.#stage = "asking";
  }

  #say(line: string): void {
    this.#steps.push({ kind: "say", text: `${line}\r\n` });
  }

  /** @param text whole lines */
  #leave(text: string): void {
    this.#steps.push({ kind: "leave", text });
    this.#stage = "over";
  }

  /** Before the login. */
  #capabilities(extensions: readonly string[] = []): string {
    const secure = this.#tls === "offered" || this.#tls === "required" ? ["STARTTLS"] : [];
    const logins = this.#tls === "required" ? ["LOGINDISABLED"] : ["AUTH=PLAIN", "AUTH=LOGIN"];
    return ["CAPABILITY", ...OWN, ...secure, ...logins, ...extensions].join(" ");
  }
}
