/**
 * One mailbox on one stream, logged in already: for programs that run a command in the place of a connection.
 *
 * The mailbox is opened before the client hears a word, so that what is wrong is said in the place of a greeting.
 */
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { MailkeyError } from "../errors.ts";
import type { MailProtocol } from "../mail/report.ts";
import { SPEECHES } from "./front/speeches.ts";
import type { Front } from "./front/front.ts";
import { refusalWords } from "./front/words.ts";
import type { Mailbox } from "./mailboxes.ts";
import type { Refusal } from "./refusal.ts";
import { Conversation } from "./serving/conversation.ts";
import { Relay } from "./serving/relay.ts";
import type { Opened, Upstream } from "./upstream/upstream.ts";

export interface TunnelPorts {
  /** Read from only once the mailbox is open. */
  readonly client: Duplex;
  readonly upstream: Pick<Upstream, "open">;
  readonly protocol: MailProtocol;
  readonly signal: AbortSignal;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

/** The client is a program of the user's, and waits for its mail: it has to be stopped only where it goes astray. */
const LIMITS = { lineBytes: 8192, failures: 3, commands: 100 };

/** What stands in the place of the greeting when there is no mailbox. */
const REFUSALS: Readonly<Record<MailProtocol, string>> = { imap: "* BYE ", pop: "-ERR ", smtp: "421 4.3.0 " };

/**
 * Until one side has hung up and the other has been told.
 *
 * @param find the mailbox
 * @throws what `find` throws, ERR_MAIL_LOGIN when the server refuses, ERR_PROVIDER_UNAVAILABLE when it cannot be reached, what there is no token
 *   for, the signal's reason; the client has been told by then
 */
export async function runTunnel(ports: TunnelPorts, find: () => Promise<Mailbox>): Promise<void> {
  const { client, protocol, signal } = ports;
  client.on("error", () => undefined); // `close` follows
  try {
    const mailbox = await find();
    const opened = await ports.upstream.open({ protocol, mailbox, signal });
    if ("kind" in opened) throw errorOf(opened);
    await pass(ports, { ...opened, said: greetingOf(protocol, mailbox, opened) });
  } catch (error) {
    if (!(error instanceof MailkeyError) || client.destroyed) throw error;
    const { message, hint } = error;
    client.end(`${REFUSALS[protocol]}${refusalWords({ kind: "needed", words: message, hint })}\r\n`, "latin1");
    await Promise.race([once(client, "finish"), once(client, "close")]);
    throw error;
  }
}

/** Only IMAP's greeting says who is in. */
function greetingOf(protocol: MailProtocol, { address }: Mailbox, { said }: Opened): string {
  return protocol === "imap" ? `mailkey: ${address} is logged in` : said;
}

/** @throws the signal's reason */
async function pass({ client, protocol, signal, idleMs }: TunnelPorts, opened: Opened): Promise<void> {
  const stop = () => client.destroy();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const { front, passage } = SPEECHES[protocol];
    const rest = await beginning(client, front({ tls: "absent", login: "given", limits: LIMITS }), opened);
    if (rest === undefined) return;
    await new Promise<void>((resolve, reject) => {
      const relay = new Relay({
        client,
        server: opened.socket,
        passage: passage(),
        idleMs,
        ended: () => resolve(),
        failed: reject,
      });
      // Nobody can hang up on us but by ending: what was to be said has been, and so has its reason.
      client.once("finish", () => client.destroy());
      relay.begin(rest, opened.unread);
    });
  } finally {
    signal.removeEventListener("abort", stop);
    opened.socket.destroy();
  }
  signal.throwIfAborted();
}

/** What a client says before it is let through. @returns what it has said beyond; undefined when it has left before that */
function beginning(client: Duplex, front: Front, opened: Opened): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const left = () => resolve(undefined);
    client.once("close", left);
    const conversation = new Conversation(client, front, {
      secure: () => Promise.resolve(undefined),
      learn: () => Promise.resolve(opened.extensions),
      logIn: () => Promise.resolve(opened),
      pass: (_opened, rest) => {
        client.off("close", left);
        resolve(rest);
      },
      leave: (_how, text = "") => {
        conversation.end();
        client.end(text, "latin1", left);
      },
      failed: reject,
    });
    if (client.closed) left();
    else conversation.begin();
  });
}

function errorOf(refusal: Refusal): MailkeyError {
  const words = refusalWords(refusal);
  if (!("words" in refusal)) return new MailkeyError("ERR_MAIL_LOGIN", words);
  const usual = refusal.kind === "server" ? "ERR_MAIL_LOGIN" : "ERR_PROVIDER_UNAVAILABLE";
  const code = "code" in refusal ? (refusal.code ?? usual) : usual;
  return new MailkeyError(code, refusal.words, { hint: refusal.hint });
}
