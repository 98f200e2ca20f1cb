/**
 * The way back: takes submitted messages by SMTP and delivers them into the INBOX of each recipient. Every address is at home in
 * the world, so a message sent by one program can be fetched by another.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { callbackify } from "node:util";
import { SMTPServer, type SMTPServerSession } from "smtp-server";

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** A message as it was sent, with CRLF line ends. */
export interface SentMessage extends Envelope {
  readonly content: string;
}

export type Deliver = (message: SentMessage) => Promise<void>;

export interface Relay {
  readonly port: number;
  stop(): Promise<void>;
}

/** A server without TLS or login, for the submission server's eyes only. */
export async function startRelay(deliver: Deliver): Promise<Relay> {
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData: receive(deliver),
  });
  return { port: await listen(server), stop: () => close(server) };
}

/** A data handler for smtp-server: reads the message and delivers it before the client is told that it was accepted. */
export function receive(deliver: Deliver) {
  return callbackify(async (stream: AsyncIterable<Buffer>, { envelope }: SMTPServerSession) => {
    const { mailFrom, rcptTo } = envelope;
    const from = mailFrom === false ? "" : mailFrom.address;
    await deliver({ from, to: rcptTo.map(({ address }) => address), content: await readAll(stream) });
    return "delivered";
  });
}

/** Listens on a free loopback port. @returns the port */
export async function listen(server: SMTPServer): Promise<number> {
  server.on("error", () => undefined); // clients that hang up are the clients' affair
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("the SMTP server has no port");
  return address.port;
}

export function close(server: SMTPServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of server.connections) connection.close();
  });
}

export async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

/** Hands a message to a mailbox server. @throws Error with the server's words when it refuses @see RFC 2033 */
export async function deliverByLmtp(socketPath: string, message: SentMessage): Promise<void> {
  const socket = connect(socketPath);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const expect = async (code: string) => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error("the LMTP server hung up");
        if (value[3] === "-") continue; // more lines of the same reply follow
        if (!value.startsWith(code)) throw new Error(`the LMTP server refused: ${value}`);
        return;
      }
    };
    const ask = async (line: string, code: string) => {
      socket.write(`${line}\r\n`, "latin1");
      await expect(code);
    };
    await expect("220");
    await ask("LHLO lab", "250");
    await ask(`MAIL FROM:<${message.from}>`, "250");
    for (const recipient of message.to) await ask(`RCPT TO:<${recipient}>`, "250");
    await ask("DATA", "354");
    const body = message.content.replace(/\r?\n/g, "\r\n").replace(/^\./gm, "..");
    socket.write(body.endsWith("\r\n") ? body : `${body}\r\n`, "latin1");
    socket.write(".\r\n");
    for (const _ of message.to) await expect("250"); // LMTP answers once for each recipient
    socket.write("QUIT\r\n");
  } finally {
    socket.destroy();
  }
}
