/**
 * The client's end of a unix socket: sends one line and hands over the lines that come back. In the executable it is Bun's own
 * connection, which starts in a quarter of the time that `node:net` takes.
 */
import { isBun } from "./runtime.ts";

export interface Exchange {
  /** Milliseconds until the first line, connecting included, and after each line that `onLine` wanted more after. */
  readonly silenceMs: number;
  readonly maxBytes: number;
  /** @returns false to wait for another line */
  readonly onLine: (line: string) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** `done`: `onLine` has had what it wanted. `absent`: nobody listens. `silent`: somebody does, but says too little or too much. */
export type ExchangeEnd = "done" | "absent" | "silent";

/** Never rejects, but for the signal's reason. */
export function exchange(path: string, line: string, options: Exchange): Promise<ExchangeEnd> {
  return new Promise((resolve, reject) => {
    const { silenceMs, maxBytes, onLine, signal } = options;
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const chunks = new LineBuffer(maxBytes);
    let opened: Opened | undefined;
    let settled = false;
    const settle = (outcome: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      opened?.end();
      outcome();
    };
    const end = (how: ExchangeEnd) => settle(() => resolve(how));
    const abort = () => settle(() => reject(signal?.reason as Error));
    let timer = setTimeout(end, silenceMs, "silent");
    signal?.addEventListener("abort", abort, { once: true });
    const events: Events = {
      opened(socket) {
        if (settled) return socket.end();
        opened = socket;
        socket.write(line);
      },
      data(bytes) {
        if (settled) return;
        const lines = chunks.push(bytes);
        if (lines === undefined) return end("silent");
        for (const each of lines) {
          if (onLine(each)) return end("done");
          clearTimeout(timer);
          timer = setTimeout(end, silenceMs, "silent");
        }
      },
      failed: () => end("absent"),
      closed: () => end("silent"),
    };
    (isBun ? connectBun : connectNode)(path, events).catch(() => end("absent"));
  });
}

interface Opened {
  readonly write: (text: string) => void;
  readonly end: () => void;
}

interface Events {
  readonly opened: (socket: Opened) => void;
  readonly data: (bytes: Uint8Array) => void;
  readonly failed: () => void;
  readonly closed: () => void;
}

async function connectBun(path: string, events: Events): Promise<void> {
  await Bun.connect({
    unix: path,
    socket: {
      open: (socket) => events.opened({ write: (text) => void socket.write(text), end: () => socket.end() }),
      data: (_socket, bytes) => events.data(bytes),
      connectError: () => events.failed(),
      error: () => events.closed(),
      end: () => events.closed(),
      close: () => events.closed(),
    },
  });
}

async function connectNode(path: string, events: Events): Promise<void> {
  const { connect } = await import("node:net");
  const socket = connect(path);
  let isOpen = false;
  socket.on("connect", () => {
    isOpen = true;
    events.opened({ write: (text) => void socket.write(text), end: () => socket.destroy() });
  });
  socket.on("data", events.data);
  socket.on("error", () => (isOpen ? events.closed() : events.failed()));
  socket.on("close", events.closed);
}

class LineBuffer {
  readonly #maxBytes: number;
  #text = "";
  #bytes = 0;
  readonly #decoder = new TextDecoder();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that are complete now; undefined when there is more than there may be */
  push(bytes: Uint8Array): string[] | undefined {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) return undefined;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    return lines;
  }
}
