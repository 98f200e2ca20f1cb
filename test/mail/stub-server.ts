/**
 * A mail server that does what real ones refuse to do, over real sockets and real TLS. Each connection is played by a function.
 *
 * TLS is done by handing the stream to a second server behind the first: that way it can start late, and the connection can be
 * cut, in every runtime.
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
      await play(options.security === "tls" ? await secured(socket) : createPeer(socket, socket));
    } catch {
      // the client has gone, as clients of a hostile server do
    }
  };
  const inner = createTlsServer(options.tls, (socket) => {
    remember(socket);
    upgraded.shift()?.(socket);
  });
  inner.on("tlsClientError", () => undefined);
  const outer = createServer((socket) => {
    remember(socket);
    void start(socket);
  });
  inner.listen(0, "127.0.0.1");
  outer.listen(0, "127.0.0.1");
  await Promise.all([once(inner, "listening"), once(outer, "listening")]);

  /** Hands the rest of the stream to the TLS server. */
  async function secured(socket: Socket): Promise<Peer> {
    const bridge = connect(portOf(inner), "127.0.0.1");
    remember(bridge);
    socket.once("close", () => bridge.destroy());
    bridge.once("close", () => socket.end());
    const { promise, resolve } = Promise.withResolvers<Socket>();
    upgraded.push(resolve);
    socket.pipe(bridge);
    bridge.pipe(socket);
    return createPeer(await promise, socket);
  }

  /** @param wire what goes over the network: `socket` itself before TLS */
  function createPeer(socket: Socket, wire: Socket): Peer {
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
      reset: () => void wire.resetAndDestroy(),
      startTls: () => {
        socket.off("data", onData);
        return secured(socket);
      },
    };
  }

  return {
    port: portOf(outer),
    received,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([inner, outer].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
