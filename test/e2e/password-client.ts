/** The least of a mail program: logs in with a password, line by line, so that a test sees every word that it is told. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ProxyPorts } from "./started-proxy.ts";

export type MailProtocol = keyof ProxyPorts;
export const PROTOCOLS: readonly MailProtocol[] = ["imap", "pop", "smtp"];

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export class PasswordClient {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined); // the lines end
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async to(port: number): Promise<PasswordClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new PasswordClient(socket);
  }

  /** Sends a line, if any. @returns the lines up to the one that fits, or to the end of the connection */
  async hears(last: RegExp, line?: string): Promise<string> {
    if (line !== undefined) this.#socket.write(`${line}\r\n`);
    const heard: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) return heard.join("\n");
      heard.push(value);
      if (last.test(value)) return heard.join("\n");
    }
  }

  /** Everything that is said until the connection ends. */
  lastWords(): Promise<string> {
    return this.hears(/(?!)/);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A login's outcome, and the client, which is still connected. */
export interface LoggedIn {
  readonly isIn: boolean;
  /** From the answer on. */
  readonly said: string;
  readonly client: PasswordClient;
}

export async function logIn(protocol: MailProtocol, ports: ProxyPorts, credentials: Credentials): Promise<LoggedIn> {
  const client = await PasswordClient.to(ports[protocol]);
  const said = await DIALOGUES[protocol](client, credentials);
  return { isIn: /^(a OK|\+OK|235)/m.test(said), said, client };
}

type Dialogue = (client: PasswordClient, credentials: Credentials) => Promise<string>;

const DIALOGUES: Readonly<Record<MailProtocol, Dialogue>> = {
  async imap(client, { user, password }) {
    await client.hears(/^\*/);
    return client.hears(/^a /, `a LOGIN "${user}" "${password}"`);
  },
  async pop(client, { user, password }) {
    await client.hears(/^\+OK/);
    await client.hears(/^\+OK/, `USER ${user}`);
    return client.hears(/^[+-]/, `PASS ${password}`);
  },
  async smtp(client, { user, password }) {
    await client.hears(/^220 /);
    await client.hears(/^250 /, "EHLO client.test");
    return client.hears(/^\d+ /, `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString("base64")}`);
  },
};
