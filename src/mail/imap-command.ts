/**
 * IMAP commands as a server reads them, as far as somebody may send any who has not logged in: values in, values out.
 *
 * What is kept is bounded by the longest line and literal, and a few of them for one command, whatever the client sends. Lines end with
 * LF, with or without CR before it. Non-synchronising literals are understood though nobody has been told of them.
 *
 * @see RFC 9051, RFC 3501, RFC 4959 (SASL-IR), RFC 7888 (LITERAL+, LITERAL-)
 */
import { Secret } from "../platform/secret.ts";
import { ByteBuffer } from "./byte-buffer.ts";
import { isHttpRequest } from "./http-request.ts";

export type ImapCommand =
  | { readonly name: "LOGIN"; readonly tag: string; readonly user: string; readonly password: Secret }
  | {
      readonly name: "AUTHENTICATE";
      readonly tag: string;
      /** Upper case. */
      readonly mechanism: string;
      /** Base64 as it came; empty for `=`. Undefined when there is none. */
      readonly initialResponse: Secret | undefined;
    }
  | { readonly name: BareName; readonly tag: string }
  /** Any other. */
  | { readonly name: "other"; readonly tag: string };

type BareName = (typeof BARE)[number];

export type DecodedCommand =
  | { readonly kind: "command"; readonly command: ImapCommand }
  /** The client waits to be asked for its literal, or told that nobody wants it (`refuseLiteral`). */
  | { readonly kind: "literal"; readonly tag: string }
  /** Not a command; the next one can be read. `tag` is `*` where it has none. */
  | { readonly kind: "bad"; readonly tag: string; readonly why: string }
  | Lost;

/** More than what is allowed, or another protocol: where the next command begins is not worth knowing. */
export interface Lost {
  readonly kind: "lost";
  readonly why: string;
}

/** One command may be as long as so many lines: one of its own, two literals, and some air. */
const LINES_PER_COMMAND = 4;
/** Answers repeat the tag. */
const TAG = /^[^\0-\x20\x7f-\xff(){%*"\\+]{1,128}(?= |$)/;
const COMMAND = /^[^ ]+ ([a-z]+)(?= |$)/i;
const LITERAL = /\{([0-9]+)([+-]?)\}$/;
const BARE = ["CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "ID"] as const;
/** What these say is understood, or read over. */
const WITH_LITERALS = new Set(["LOGIN", "ID"]);
const AUTHENTICATE = /^ ([a-z0-9_-]{1,20})(?: ([^ ]+))? *$/i;

export class ImapCommandReader {
  readonly #maxLineBytes: number;
  readonly #buffer = new ByteBuffer();
  /** Of the command that is being read: a line, a literal, the line that goes on after it, and so on. Latin-1. */
  #parts: string[] = [];
  #partsBytes = 0;
  /** How long the literal is that comes next. */
  #literalBytes: number | undefined;
  /** Why the command is only read to its end. */
  #bad: string | undefined;

  /** @param maxLineBytes of one line with its end, and of one literal */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  /** Bytes that were pushed and belong to no command yet that has been read. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }

  /** @returns undefined when it has not arrived yet */
  next(): DecodedCommand | undefined {
    for (;;) {
      if (this.#literalBytes !== undefined) {
        if (this.#buffer.length < this.#literalBytes) return undefined;
        this.#keep(this.#buffer.takeText(this.#literalBytes, "latin1"));
        this.#literalBytes = undefined;
      }
      const line = this.nextLine();
      if (line === undefined || typeof line !== "string") return line;
      if (isHttpRequest(line)) return { kind: "lost", why: "this is IMAP, not HTTP" };
      // It is TLS, in whose first message a web page can hide lines of its own (a session ticket), or another protocol.
      if (line.includes("\0")) return { kind: "lost", why: "a line has no NUL in it" };
      this.#keep(line);
      const literal = LITERAL.exec(line);
      const decoded = literal === null ? this.#decode() : this.#announced(Number(literal[1]), literal[2] === "");
      if (decoded === undefined) continue;
      if (decoded.kind !== "literal") this.#forget();
      return decoded;
    }
  }

  /** The next line as it is, in Latin-1: the answer to a challenge. @returns undefined when it has not arrived yet */
  nextLine(): string | Lost | undefined {
    const length = this.#buffer.lineLength();
    if ((length ?? this.#buffer.length) > this.#maxLineBytes)
      return { kind: "lost", why: `a line is longer than ${this.#maxLineBytes} bytes` };
    return length === undefined ? undefined : this.#buffer.takeLine("latin1");
  }

  /** What has not been read. Nothing of it is kept. */
  takeRest(): Uint8Array {
    this.#forget();
    return this.#buffer.takeAll();
  }

  /** The command that a literal was announced for is over: the client has been told so, and sends the next one. */
  refuseLiteral(): void {
    this.#forget();
  }

  /** @returns undefined when the literal comes without being asked for */
  #announced(bytes: number, asked: boolean): DecodedCommand | undefined {
    const tooLong = bytes > this.#maxLineBytes || this.#partsBytes + bytes > LINES_PER_COMMAND * this.#maxLineBytes;
    if (tooLong && !asked) return { kind: "lost", why: `a literal of ${bytes} bytes is too long` };
    if (tooLong) this.#bad ??= "the literal is too long";
    if (!WITH_LITERALS.has(commandName(this.#first))) this.#bad ??= "no literal can be sent here";
    const tag = TAG.exec(this.#first)?.[0];
    if (asked && (tag === undefined || this.#bad !== undefined)) return this.#decode();
    this.#literalBytes = bytes;
    return asked && tag !== undefined ? { kind: "literal", tag } : undefined;
  }

  #decode(): DecodedCommand {
    const tag = TAG.exec(this.#first)?.[0];
    if (tag === undefined) return { kind: "bad", tag: "*", why: "a command begins with a tag" };
    if (this.#bad !== undefined) return { kind: "bad", tag, why: this.#bad };
    const command = decodeCommand(tag, this.#parts);
    return typeof command === "string" ? { kind: "bad", tag, why: command } : { kind: "command", command };
  }

  get #first(): string {
    return this.#parts[0] ?? "";
  }

  #keep(part: string): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
  }

  #forget(): void {
    this.#parts = [];
    this.#partsBytes = 0;
    this.#literalBytes = undefined;
    this.#bad = undefined;
  }
}

/** @returns what is wrong with it when it is none */
function decodeCommand(tag: string, parts: readonly string[]): ImapCommand | string {
  const [first = "", ...others] = parts;
  if (first.includes("\r")) return "control characters";
  const name = commandName(first);
  if (name === "") return "there is no command";
  const rest = first.slice(tag.length + 1 + name.length);
  if (name === "LOGIN") return decodeLogin(tag, [rest, ...others]);
  if (name === "AUTHENTICATE") return decodeAuthenticate(tag, rest);
  const bare = BARE.find((known) => known === name);
  if (bare === undefined) return { name: "other", tag };
  return bare === "ID" || rest.trim() === "" ? { name: bare, tag } : `${bare} takes no arguments`;
}

/** Upper case; empty when there is none. */
function commandName(line: string): string {
  return COMMAND.exec(line)?.[1]?.toUpperCase() ?? "";
}

function decodeLogin(tag: string, parts: readonly string[]): ImapCommand | string {
  const words = new Astrings(parts);
  const user = words.take();
  const password = words.take();
  if (user === undefined || password === undefined || !words.atEnd) return "LOGIN takes a user name and a password";
  return { name: "LOGIN", tag, user, password: new Secret(password) };
}

function decodeAuthenticate(tag: string, rest: string): ImapCommand | string {
  const match = AUTHENTICATE.exec(rest);
  if (match === null) return "AUTHENTICATE takes a mechanism";
  const [, mechanism = "", response] = match;
  const initialResponse = response === undefined ? undefined : new Secret(response === "=" ? "" : response);
  return { name: "AUTHENTICATE", tag, mechanism: mechanism.toUpperCase(), initialResponse };
}

const QUOTED = /^ "((?:[^"\\\0\r]|\\["\\])*)"/;
/** More than RFC 9051 allows: people's passwords are sent without quotes as well. */
const ATOM = /^ ([^\0-\x20\x7f-\xff"(){]+)/;
const LITERAL_NEXT = /^ \{[0-9]+[+-]?\}$/;

/** Takes astrings off the front of a command's arguments. */
class Astrings {
  readonly #parts: string[];

  constructor(parts: readonly string[]) {
    this.#parts = [...parts];
  }

  get atEnd(): boolean {
    return this.#parts.length === 1 && this.#parts[0]?.trim() === "";
  }

  /** @returns undefined when there is none; bytes that are not UTF-8 become U+FFFD */
  take(): string | undefined {
    const [line = "", literal, ...others] = this.#parts;
    if (literal !== undefined && LITERAL_NEXT.test(line)) {
      this.#parts.splice(0, this.#parts.length, ...others);
      return literal.includes("\0") ? undefined : fromUtf8(literal);
    }
    const match = QUOTED.exec(line) ?? ATOM.exec(line);
    if (match === null) return undefined;
    this.#parts[0] = line.slice(match[0].length);
    const text = match[1] ?? "";
    return fromUtf8(line[1] === '"' ? text.replace(/\\(.)/g, "$1") : text);
  }
}

function fromUtf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}
