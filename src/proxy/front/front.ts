/**
 * The server's side of a mail protocol until somebody has logged in, as mail programs see it. One file per protocol.
 *
 * No I/O here: bytes in, steps out. Whoever drives a front (`serving/conversation.ts`) writes what it says, starts TLS, asks for the
 * login, and tells it what came of that. What a client sends after its login belongs to the mailbox's server and is never looked at.
 *
 * Everything that is kept is bounded, whatever the client sends.
 */
import type { Secret } from "../../platform/secret.ts";
import type { Opened } from "../upstream/upstream.ts";
import type { Refusal } from "../refusal.ts";

export interface Front {
  /** Takes bytes of the client's, in whatever pieces they come. They are copied where they are kept. */
  push(bytes: Uint8Array): void;
  /**
   * What is to be done next, the greeting first; undefined: more bytes are needed. After a step that asks for something, the next call
   * comes only when it has been answered.
   */
  next(): Step | undefined;
  /** TLS has begun. Everything that was said before is forgotten (RFC 9051 6.2.1, RFC 3207 4.2, RFC 2595 4). */
  secured(): void;
  /** Answers `learn`. */
  learned(extensions: readonly string[]): void;
  /** Answers `log-in`: the next steps tell the client that it is in, and are the last: what follows goes to and from the server. */
  accepted(opened: Pick<Opened, "said" | "capabilities" | "extensions">): void;
  /** Answers `log-in`: the next steps say why not. The client may try again unless the last of them is `leave`. */
  refused(refusal: Refusal): void;
  /** What the client has sent beyond its login. Forgotten here once taken. */
  takeRest(): Uint8Array;
  /** The line or lines to end the conversation with, at any moment before the login: BYE, -ERR, 421. */
  farewell(reason: Farewell): string;
}

export type Step =
  /** To be written to the client. Latin-1: one character is one byte. */
  | { readonly kind: "say"; readonly text: string }
  /** To be written, then TLS begins. The front has made sure that the client had sent nothing beyond its command. */
  | { readonly kind: "secure"; readonly text: string }
  /** What extensions will the client's server have? Of IMAP: capabilities. */
  | { readonly kind: "learn" }
  | { readonly kind: "log-in"; readonly login: Login }
  /** To be written, then the connection ends. */
  | { readonly kind: "leave"; readonly text: string }
  /** The client is in: from now on bytes pass. */
  | { readonly kind: "pass" };

export interface Login {
  /** As the client sent it, without control characters. Undefined where nobody has to say who they are (`login: "given"`). */
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** What an SMTP client calls itself (EHLO, HELO), where that is fit to be handed on. */
  readonly clientName?: string | undefined;
}

/** `time`: no login in time, or silent for too long. `sessions`: all places are taken. `stopping`: the proxy ends. `upstream`: the server's connection has ended. */
export type Farewell = "time" | "sessions" | "stopping" | "upstream" | "bug";

export interface FrontOptions {
  /** `absent`: there is no certificate. `offered`: STARTTLS may be used. `required`: nobody logs in before it. `on`: it has begun. */
  readonly tls: "absent" | "offered" | "required" | "on";
  /** `password`: the proxy's. `given`: whoever is here is in already (a tunnel); credentials are not asked for, and any will do. */
  readonly login: "password" | "given";
  readonly limits: FrontLimits;
}

export interface FrontLimits {
  /** Of one line, its end included, and of one literal (IMAP). */
  readonly lineBytes: number;
  /** Refused logins before the client has to go. */
  readonly failures: number;
  /** Commands before the login, wrong ones included. */
  readonly commands: number;
}

/** What may have been read from the client while nobody could stop it: while a login is under way it is not read from. */
export const MAX_AHEAD_BYTES = 256 * 1024;

/** What passes from the server to the client once it is in. */
export interface Passage {
  /**
   * What the client is to get for a piece of the server's. The very same bytes, except for capabilities that are the proxy's own matter.
   *
   * @returns usually the piece itself, uncopied
   */
  pass(bytes: Uint8Array): Uint8Array;
  /** Shown what passes from the client to the server, `takeRest` included: where replies cannot be understood without the commands (POP3). */
  sent?(bytes: Uint8Array): void;
  /**
   * What can be said when the server's connection ends without a word. Undefined where the client would take it for something else (it is
   * in the middle of a literal or a line), or where the server has said goodbye itself. Where a beginning of a line was held back, it is that.
   */
  farewell(reason: Farewell): string | undefined;
}

/** A protocol, as the proxy serves it. */
export interface Speech {
  readonly front: (options: FrontOptions) => Front;
  readonly passage: () => Passage;
}
