/**
 * The server's end of unix sockets. In the executable it is Bun's own, which accepts a connection in a third of the time that `node:net`
 * takes there: a crowd that comes at once waits for all of it.
 *
 * Either side may hang up for itself: who has said all can still be answered.
 */
import type { Socket } from "node:net";
import { systemErrorCode } from "../errors.ts";
import { isBun } from "./runtime.ts";

export interface Connection {
  /** The kernel's number; undefined when it is closed. */
  readonly descriptor: number | undefined;
  readonly isOpen: boolean;
  /** @returns false when not all of it has been taken yet; `drained` follows */
  write(text: string): boolean;
  /** Nothing more is written. It closes when the other side has taken everything and hung up as well. */
  end(): void;
  /** Closes it now. */
  destroy(): void;
}

export interface Receiver {
  data(bytes: Uint8Array): void;
  /** The other side has hung up, and may still listen. */
  ended(): void;
  /** What could not be taken has been. */
  drained(): void;
  closed(): void;
}

/** @returns who hears of it; undefined for one that has been destroyed */
export type Accept = (connection: Connection) => Receiver | undefined;

export interface Listener {
  readonly descriptor: number | undefined;
  /** Nobody can connect any more. Removes the path that it was given, whoever listens there by now. */
  close(): void;
}

/** A path where nothing is, or a socket that listens already. */
export type Place = { readonly path: string } | { readonly fd: number };

/** How many may wait to be accepted: what Linux allows unless told otherwise (net.core.somaxconn). */
export const MAX_WAITING = 4096;

/** @throws the system's error */
export function listenUnix(place: Place, accept: Accept): Promise<Listener> {
  return isBun ? listenBun(place, accept) : listenNode(place, accept);
}

async function listenBun(place: Place, accept: Accept): Promise<Listener> {
  const where = "path" in place ? { unix: place.path } : (place as unknown as { unix: string }); // not in Bun's types
  const listener = Bun.listen<BunConnection>({
    ...where,
    allowHalfOpen: true,
    socket: {
      open(socket) {
        socket.data = new BunConnection(socket);
        socket.data.receiver = accept(socket.data);
      },
      data: (socket, bytes) => socket.data.receiver?.data(bytes),
      drain: (socket) => socket.data.drained(),
      end: (socket) => socket.data.ended(),
      close: (socket) => socket.data.closed(),
      error(socket, error) {
        socket.data.destroy();
        if (systemErrorCode(error) !== undefined) return;
        queueMicrotask(() => {
          throw error; // by one of our own functions: Bun brings that here, too
        });
      },
    },
  });
  return { descriptor: (listener as { fd?: number }).fd, close: () => listener.stop() };
}

class BunConnection implements Connection {
  readonly #socket: Bun.Socket<BunConnection>;
  receiver: Receiver | undefined;
  isOpen = true;
  /** Written, and not yet taken. */
  #left: Uint8Array = new Uint8Array();
  #isEnding = false;
  #hasPeerEnded = false;

  constructor(socket: Bun.Socket<BunConnection>) {
    this.#socket = socket;
  }

  get descriptor(): number | undefined {
    return this.isOpen ? (this.#socket as { fd?: number }).fd : undefined;
  }

  write(text: string): boolean {
    if (!this.isOpen || this.#isEnding) return true;
    const isIdle = this.#left.length === 0;
    this.#left = isIdle ? Buffer.from(text) : Buffer.concat([this.#left, Buffer.from(text)]);
    return isIdle ? this.#flush() : false;
  }

  end(): void {
    this.#isEnding = true;
    if (this.#left.length === 0) this.#hangUp();
  }

  destroy(): void {
    if (this.isOpen) this.#socket.terminate();
  }

  drained(): void {
    if (!this.#flush()) return;
    if (this.#isEnding) this.#hangUp();
    else this.receiver?.drained();
  }

  ended(): void {
    this.#hasPeerEnded = true;
    if (!this.#isEnding) this.receiver?.ended();
    else if (this.#left.length === 0) this.#hangUp();
  }

  closed(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.receiver?.closed();
  }

  #flush(): boolean {
    if (this.#left.length > 0) this.#left = this.#left.subarray(Math.max(0, this.#socket.write(this.#left)));
    return this.#left.length === 0;
  }

  #hangUp(): void {
    if (this.#hasPeerEnded) this.#socket.end();
    else this.#socket.shutdown();
  }
}

async function listenNode(place: Place, accept: Accept): Promise<Listener> {
  const { createServer } = await import("node:net");
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const receiver = accept(new NodeConnection(socket));
    socket.on("data", (bytes: Buffer) => receiver?.data(bytes));
    socket.on("end", () => receiver?.ended());
    socket.on("drain", () => receiver?.drained());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => receiver?.closed());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...place, backlog: MAX_WAITING }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", () => undefined); // a connection that could not be accepted: the next one may
  return { descriptor: undefined, close: () => server.close() };
}

class NodeConnection implements Connection {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get descriptor(): number | undefined {
    // oxlint-disable-next-line no-underscore-dangle -- Node shows the descriptor under no other name
    return (this.#socket as { _handle?: { fd?: number } | null })._handle?.fd;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  write(text: string): boolean {
    return this.#socket.write(text);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
