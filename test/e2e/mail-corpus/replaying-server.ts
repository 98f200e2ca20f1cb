/**
 * A mail server that plays a recorded conversation once more, byte for byte: it takes any token, then answers each turn when all of its
 * bytes have come, whatever they are, and remembers them.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import type { MailProtocol } from "../../../src/mail/report.ts";
import { type Cut, type Heard, Received, writeInPieces } from "./conversation.ts";

export interface Play {
  readonly heard: readonly Heard[];
  /** How the server answered the login. */
  readonly welcome: Buffer;
  readonly cut: Cut;
}

export interface ReplayingServer {
  readonly port: number;
  /** The next connection gets this. @returns what the client has said after its login, when all is over */
  expect(play: Play): Promise<Buffer>;
  stop(): Promise<void>;
}

/** Before the login: what is said by itself, and to each line. `undefined`: the login is complete. */
const GREETINGS: { readonly [P in MailProtocol]: string } = {
  imap: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n",
  pop: "+OK ready\r\n",
  smtp: "220 stub.mail.test ready\r\n",
};
const ANSWERS: { readonly [P in MailProtocol]: (line: string) => string | undefined } = {
  imap: (line) => (/ AUTHENTICATE /.test(line) ? undefined : `${line.split(" ", 1)[0]} BAD no\r\n`),
  pop: (line) => {
    if (line === "CAPA") return "+OK\r\nSASL XOAUTH2\r\nPIPELINING\r\n.\r\n";
    return line === "AUTH XOAUTH2" ? "+ \r\n" : undefined;
  },
  smtp: (line) =>
    line.startsWith("EHLO ") ? "250-stub.mail.test\r\n250-PIPELINING\r\n250 AUTH XOAUTH2\r\n" : undefined,
};

export async function startReplayingServer(protocol: MailProtocol, tls: TlsOptions): Promise<ReplayingServer> {
  const expected: { readonly play: Play; readonly said: (bytes: Buffer) => void }[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(tls, (socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
    void serve(socket);
  });
  const serve = async (socket: TLSSocket) => {
    const received = new Received(socket);
    const tag = await logIn(protocol, socket, received).catch(() => undefined);
    const next = tag === undefined ? undefined : expected.shift();
    if (tag === undefined || next === undefined) socket.destroy();
    else next.said(await replay(socket, received, tag, next.play));
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    expect: (play) =>
      new Promise((resolve) => {
        expected.push({ play, said: resolve });
      }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @returns the tag of the login's command, which is still to be answered. @throws Error when the client hangs up */
async function logIn(protocol: MailProtocol, socket: TLSSocket, received: Received): Promise<string> {
  socket.write(GREETINGS[protocol]);
  for (;;) {
    const line = await received.takeLine();
    const answer = ANSWERS[protocol](line);
    if (answer === undefined) return line.split(" ", 1)[0] ?? "";
    socket.write(answer);
  }
}

/** @returns all that the client has said, to the end */
async function replay(
  socket: TLSSocket,
  received: Received,
  tag: string,
  { heard, welcome, cut }: Play,
): Promise<Buffer> {
  const said: Buffer[] = [];
  socket.write(welcome.toString("latin1").replace(/^in /m, `${tag} `), "latin1");
  try {
    for (const turn of heard) {
      said.push(await received.takeBytes(turn.sent.length));
      await writeInPieces(socket, turn.received, cut);
    }
  } catch {
    // The client is the one to find out: what it has said is not what it should have.
  }
  socket.end();
  said.push(await received.takeRest());
  return Buffer.concat(said);
}
