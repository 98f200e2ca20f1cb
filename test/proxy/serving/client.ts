/** A mail program's end of a connection to the proxy: what it has read, to be waited for. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { until } from "../../support/until.ts";

export class Client {
  readonly socket: Socket;
  /** What has been read and not taken, each byte as one character. */
  text = "";
  bytes = 0;
  hasEnded = false;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.bytes += bytes.length;
      if (this.bytes < 1_000_000) this.text += bytes.toString("latin1");
    });
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  static async connect(port: number, caPem?: string): Promise<Client> {
    const raw = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(raw, "connect");
    return caPem === undefined ? new Client(raw) : new Client(await secured(raw, caPem));
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits until it has come, and takes all that has. */
  async reads(pattern: RegExp): Promise<string> {
    await until(
      () => pattern.test(this.text),
      () => `read: ${JSON.stringify(this.text)}, ended: ${this.hasEnded}`,
    );
    const { text } = this;
    this.text = "";
    return text;
  }

  /** What comes until the other side hangs up. */
  async readsAll(): Promise<string> {
    await until(
      () => this.hasEnded || this.isClosed,
      () => `read: ${JSON.stringify(this.text)}`,
    );
    return this.text;
  }

  /** After STARTTLS has been granted. */
  async secure(caPem: string): Promise<Client> {
    this.socket.removeAllListeners();
    return new Client(await secured(this.socket, caPem));
  }
}

async function secured(raw: Socket, ca: string): Promise<TLSSocket> {
  const socket = connectTls({ socket: raw, ca, servername: "localhost" });
  await once(socket, "secureConnect");
  return socket;
}
