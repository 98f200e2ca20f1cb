/** What clients do: as they should, and in every other way. Each visit is one connection. */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { MailProtocol } from "../../src/mail/report.ts";
import { Received } from "../../test/e2e/mail-corpus/conversation.ts";
import { enterByProxy, type Entered } from "../../test/e2e/mail-corpus/ways.ts";
import type { ProxyPorts } from "../../test/e2e/started-proxy.ts";
import type { Random } from "../fuzz/random.ts";
import type { Account } from "../proxy/place.ts";

export interface Visitor {
  /** All that it has opened: to be destroyed after its visit. */
  readonly sockets: Socket[];
  readonly ports: ProxyPorts;
  readonly account: Account;
  readonly random: Random;
}

/** Rejects when the visit did not end as it should. */
export type Visit = (visitor: Visitor) => Promise<void>;

const PROTOCOLS = ["imap", "pop", "smtp"] as const;
const MESSAGE = `Subject: soak\r\n\r\n${`${"x".repeat(76)}\r\n`.repeat(100)}`;
const MAX_MESSAGES = 20;
const LARGE = "Large";
const PAUSE_MS = 200;
const NOISE = [
  "\0",
  "\xff",
  "\r\n",
  " ",
  "{9}\r\n",
  "a LOGIN ",
  '"',
  "\\",
  "AUTH PLAIN ",
  "EHLO x\r\n",
  "=",
  "*\r\n",
] as const;

/** Those of clients who know what they do: with a server that can be reached, each of them has to succeed. */
export const GOOD_VISITS: { readonly [name: string]: Visit } = {
  async "IMAP: fetches all, and deletes when there is much"(visitor) {
    const session = await entered("imap", visitor);
    const selected = await ask(session, "a SELECT INBOX", /^a OK/m);
    const count = Number(/^\* (\d+) EXISTS/m.exec(selected)?.[1]);
    if (count > 0) await ask(session, "b FETCH 1:* (FLAGS BODY.PEEK[])", /^b OK/m);
    if (count > MAX_MESSAGES) await ask(session, "c STORE 1:* +FLAGS.SILENT (\\Deleted)", /^c OK/m);
    await ask(session, "d EXPUNGE", /^d OK/m);
    await leave(session, "z LOGOUT");
  },
  async "IMAP: appends, and is idle"(visitor) {
    const session = await entered("imap", visitor);
    await ask(session, `a APPEND INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`, /^a OK/m);
    await ask(session, "b SELECT INBOX", /^b OK/m);
    await ask(session, "c IDLE", /^\+ /m);
    await sleep(visitor.random.below(3000));
    await ask(session, "DONE", /^c OK/m);
    await leave(session, "z LOGOUT");
  },
  async "POP3: fetches the first"(visitor) {
    const session = await entered("pop", visitor);
    const stat = await ask(session, "STAT", /^\+OK/);
    if (!stat.startsWith("+OK 0 ")) await ask(session, "RETR 1", /\r\n\.\r\n$|^-ERR Message 1 expunged/); // by another client
    await leave(session, "QUIT");
  },
  async "SMTP: sends"(visitor) {
    const { address } = visitor.account;
    const session = await entered("smtp", visitor);
    await ask(session, `MAIL FROM:<${address}>\r\nRCPT TO:<${address}>\r\nDATA`, /^354 /m);
    await ask(session, `${MESSAGE}.`, /^250 /m);
    await leave(session, "QUIT");
  },
  /** Dovecot hangs up on many of them, directly too. */
  async "IMAP: says everything at once and closes its half"(visitor) {
    const session = await entered("imap", visitor);
    session.socket.end('a NOOP\r\nb LIST "" *\r\nz LOGOUT\r\n');
    const all = await session.received.takeRest();
    session.socket.destroy();
    const text = all.toString("latin1");
    if (!/^(z OK|\* BYE) [^\r\n]*\r\n$/m.test(text)) throw new Error(`cut short: ${text}`);
  },
};

/** Those of whom nothing is expected. */
export const BAD_VISITS: { readonly [name: string]: Visit } = {
  async "a wrong password, or an unknown user"(visitor) {
    const user = visitor.random.pick([visitor.account.address, "nobody@mail.test"]);
    const socket = open(visitor, "imap");
    socket.write(`a LOGIN "${user}" wrong\r\n`);
    const answer = await new Received(socket).take((bytes) => /^a (OK|NO|BAD) /m.test(bytes.toString("latin1")));
    if (/^a OK /m.test(answer.toString("latin1"))) throw new Error("somebody was let in");
    await finish(socket, visitor.random);
  },
  async "random bytes"(visitor) {
    const { random } = visitor;
    const socket = open(visitor, random.pick(PROTOCOLS));
    for (let left = random.below(20); left > 0; left--) {
      const noise = Array.from({ length: random.below(3000) }, () => random.pick(NOISE));
      socket.write(Buffer.from(noise.join(""), "latin1"));
      await sleep(random.below(50));
    }
    await finish(socket, random);
  },
  async "is silent, and goes"(visitor) {
    const { random } = visitor;
    const socket = open(visitor, random.pick(PROTOCOLS));
    await sleep(random.below(5000));
    await finish(socket, random);
  },
  async "logs in letter by letter, and loses patience"(visitor) {
    const { account, random } = visitor;
    const socket = open(visitor, "imap");
    const command = `a LOGIN "${account.address}" "${account.password}"\r\nb SELECT INBOX\r\n`;
    for (const letter of command.slice(0, random.below(command.length))) {
      socket.write(letter);
      await sleep(random.below(40));
    }
    await finish(socket, random);
  },
  async "goes while the server is being reached"(visitor) {
    const { account, random } = visitor;
    const socket = open(visitor, "imap");
    socket.write(`a LOGIN "${account.address}" "${account.password}"\r\nb SELECT INBOX\r\nc FETCH 1:* BODY[]\r\n`);
    await sleep(random.below(60));
    await finish(socket, random);
  },
  async "reads a large message slowly, and goes"(visitor) {
    const session = await entered("imap", visitor);
    await ask(session, `a SELECT ${LARGE}`, /^a OK/m);
    session.socket.removeAllListeners("data").pause();
    session.socket.write("b FETCH 1 BODY.PEEK[]\r\n");
    for (let left = visitor.random.below(20); left > 0; left--) {
      await sleep(visitor.random.below(PAUSE_MS));
      session.socket.read();
    }
    await finish(session.socket, visitor.random);
  },
  async "writes a large message slowly, and goes"(visitor) {
    const session = await entered("imap", visitor);
    await ask(session, "a APPEND INBOX {20000000}", /^\+ /m);
    for (let left = visitor.random.below(20); left > 0; left--) {
      session.socket.write("x".repeat(visitor.random.below(100_000)));
      await sleep(visitor.random.below(PAUSE_MS));
    }
    await finish(session.socket, visitor.random);
  },
};

/** Puts a message there that is worth reading slowly. */
export async function putLargeMessage(visitor: Visitor, bytes: number): Promise<void> {
  const session = await entered("imap", visitor);
  await ask(session, `a CREATE ${LARGE}`, /^a OK/m);
  await ask(session, `b APPEND ${LARGE} {${bytes}+}\r\n${"y".repeat(bytes)}`, /^b OK/m);
  await leave(session, "z LOGOUT");
}

async function entered(protocol: MailProtocol, { ports, account, sockets }: Visitor): Promise<Entered> {
  const session = await enterByProxy(protocol, {
    port: ports[protocol],
    user: account.address,
    password: account.password,
  });
  sockets.push(session.socket);
  return session;
}

async function ask({ socket, received }: Entered, line: string, until: RegExp): Promise<string> {
  socket.write(`${line}\r\n`);
  return (await received.take((bytes) => until.test(bytes.toString("latin1")))).toString("latin1");
}

/** Says goodbye, and waits for the other side to end the connection. */
async function leave({ socket, received }: Entered, line: string): Promise<void> {
  socket.write(`${line}\r\n`);
  await received.takeRest();
  socket.end();
}

function open({ ports, sockets }: Visitor, protocol: MailProtocol): Socket {
  const socket = connect({ port: ports[protocol], host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  sockets.push(socket);
  socket.on("error", () => socket.destroy());
  return socket;
}

/** Resets the connection, ends it, or closes its half and reads on for a while. */
async function finish(socket: Socket, random: Random): Promise<void> {
  const how = random.pick(["reset", "end", "half"]);
  if (how === "reset") socket.resetAndDestroy();
  if (how !== "half") return;
  socket.resume().end();
  await sleep(PAUSE_MS * random.below(10));
}
