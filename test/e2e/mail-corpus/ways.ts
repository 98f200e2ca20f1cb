/** Two ways into a mailbox: to its server with a token, and through the proxy with a password. Both end logged in. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { MailProtocol } from "../../../src/mail/report.ts";
import { Received } from "./conversation.ts";

/** Logged in; `welcome` is how the server answered that. */
export interface Entered {
  readonly socket: Socket;
  readonly received: Received;
  readonly welcome: Buffer;
}

/** What is said, and what has to come before the next. */
type Steps = readonly (readonly [say: string, until: RegExp])[];

const REPLY = /^(\d{3}-[^\r\n]*\r\n)*\d{3} [^\r\n]*\r\n$/;
const STATUS = /^\+[^\r\n]*\r\n$/;

const GREETED: { readonly [P in MailProtocol]: RegExp } = { imap: /^\* OK [^\r\n]*\r\n$/, pop: STATUS, smtp: REPLY };

/** @param initial response of XOAUTH2 */
function withToken(protocol: MailProtocol, initial: string): Steps {
  if (protocol === "imap") return [[`in AUTHENTICATE XOAUTH2 ${initial}`, /^in OK [^\r\n]*\r\n$/m]];
  if (protocol === "pop")
    return [
      ["AUTH XOAUTH2", STATUS],
      [initial, /^\+OK[^\r\n]*\r\n$/],
    ]; // prettier-ignore
  return [
    ["EHLO corpus.mail.test", REPLY],
    [`AUTH XOAUTH2 ${initial}`, /^235 [^\r\n]*\r\n$/],
  ]; // prettier-ignore
}

function withPassword(protocol: MailProtocol, user: string, password: string): Steps {
  if (protocol === "imap") return [[`in LOGIN ${user} ${password}`, /^in OK [^\r\n]*\r\n$/m]];
  if (protocol === "pop")
    return [
      [`USER ${user}`, STATUS],
      [`PASS ${password}`, STATUS],
    ]; // prettier-ignore
  const plain = Buffer.from(`\0${user}\0${password}`).toString("base64");
  return [
    ["EHLO corpus.mail.test", REPLY],
    [`AUTH PLAIN ${plain}`, /^235 [^\r\n]*\r\n$/],
  ]; // prettier-ignore
}

export interface DirectOptions {
  readonly port: number;
  readonly ca: string;
  readonly startTls: boolean;
  readonly user: string;
  readonly token: string;
}

export async function enterDirectly(protocol: MailProtocol, options: DirectOptions): Promise<Entered> {
  const { port, ca, user, token } = options;
  const plain = connect({ port, host: "127.0.0.1", noDelay: true });
  if (options.startTls) {
    const received = new Received(plain);
    const steps: Steps = [
      ["EHLO corpus.mail.test", REPLY],
      ["STARTTLS", REPLY],
    ]; // prettier-ignore
    await said(plain, received, GREETED[protocol], steps);
    plain.removeAllListeners("data").pause();
  }
  const socket = connectTls({ socket: plain, servername: "localhost", ca });
  await once(socket, "secureConnect");
  const received = new Received(socket);
  const initial = Buffer.from(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`).toString("base64");
  const greeting = options.startTls ? undefined : GREETED[protocol];
  return { socket, received, welcome: await said(socket, received, greeting, withToken(protocol, initial)) };
}

export async function enterByProxy(
  protocol: MailProtocol,
  options: { readonly port: number; readonly user: string; readonly password: string },
): Promise<Entered> {
  const socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true });
  const received = new Received(socket);
  const steps = withPassword(protocol, options.user, options.password);
  return { socket, received, welcome: await said(socket, received, GREETED[protocol], steps) };
}

/** @returns the last answer. @throws Error when it was another; then the connection has been ended */
async function said(socket: Socket, received: Received, greeting: RegExp | undefined, steps: Steps): Promise<Buffer> {
  const heard = (until: RegExp) => received.take((bytes) => until.test(bytes.toString("latin1")));
  try {
    let answer = greeting === undefined ? Buffer.alloc(0) : await heard(greeting);
    for (const [say, until] of steps) {
      socket.write(`${say}\r\n`, "latin1");
      answer = await heard(until);
    }
    return answer;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
