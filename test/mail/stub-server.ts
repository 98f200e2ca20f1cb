/**
 * A mail server that does what real ones refuse to do, over real sockets and real TLS. Each connection is played by a function.
 *
 * STARTTLS is done by handing the rest of the stream to a TLS server of its own: that way the same code runs in every runtime.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

export interface Peer {
  /** The next line without its end; throws when the client has gone. */
  readLine(): Promise<string>;
  send(data: string | Uint8Array): void;
  /** Ends the connection in an orderly way. */
  end(): void;
  /** Cuts it. */
  reset(): void;
  /** Goes on in TLS. */
  startTls(): Promise<Peer>;
  readonly socket: Socket;
}

export interface StubServer {
  readonly port: number;
  /** Every line that came in, before and after TLS. */
  readonly received: readonly string[];
  stop(): Promise<void>;
}

export interface StubOptions {
  /** Where TLS starts: with the connection, or when the peer says `startTls`. */
  readonly security: "tls" | "starttls";
  readonly tls: TlsOptions;
}

export async function startStub(options: StubOptions, play: (peer: Peer) => unknown): Promise<StubServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const upgraded: ((socket: Socket) => void)[] = [];
  const remember = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const start = async (socket: Socket) => {
    try {
      await play(createPeer(socket));
    } catch {
      // the client has gone, as clients of a hostile server do
    }
  };
  const secure = createTlsServer(options.tls, (socket) => {
    remember(socket);
    const waiting = upgraded.shift();
    if (waiting === undefined) void start(socket);
    else waiting(socket);
  });
  secure.on("tlsClientError", () => undefined);
  const plain = createServer((socket) => {
    remember(socket);
    void start(socket);
  });
  secure.listen(0, "127.0.0.1");
  plain.listen(0, "127.0.0.1");
  await Promise.all([once(secure, "listening"), once(plain, "listening")]);

  function createPeer(socket: Socket): Peer {
    const lines: string[] = [];
    const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
    let rest = "";
    let gone = false;
    const onData = (chunk: Buffer) => {
      const parts = (rest + chunk.toString("latin1")).split("\r\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        received.push(line);
        const next = waiting.shift();
        if (next === undefined) lines.push(line);
        else next.resolve(line);
      }
    };
    socket.on("data", onData);
    socket.on("close", () => {
      gone = true;
      for (const each of waiting) each.reject(new Error("gone"));
    });
    return {
      socket,
      readLine: async () => {
        const line = lines.shift();
        if (line !== undefined) return line;
        if (gone) throw new Error("gone");
        return new Promise((resolve, reject) => {
          waiting.push({ resolve, reject });
        });
      },
      send: (data) => void socket.write(data),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      startTls: async () => {
        socket.off("data", onData);
        const bridge = connect(portOf(secure), "127.0.0.1");
        remember(bridge);
        const { promise, resolve } = Promise.withResolvers<Socket>();
        upgraded.push(resolve);
        socket.pipe(bridge);
        bridge.pipe(socket);
        return createPeer(await promise);
      },
    };
  }

  return {
    port: portOf(options.security === "tls" ? secure : plain),
    received,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([secure, plain].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
