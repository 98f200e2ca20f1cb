/**
 * A listener on a unix socket, for requests of one line. Every connection is served for itself, with a time limit for each request and a bound on its size, so that
 * a silent, slow or hostile client delays nobody; when there are too many, the one that has been silent longest goes first.
 *
 * It knows lines, not what they mean: `answer` is handed each one. What takes longer than a moment is announced with wait lines.
 */
import { listenUnix, type Connection, type Listener, type Place, type Receiver } from "../platform/unix-listener.ts";

export interface ServerPorts {
  /** The reply to a line, without the newline: at once, or later. Must not throw nor reject. */
  readonly answer: (line: string) => string | Promise<string>;
  /** What is said while a reply takes its time. */
  readonly waiting: string;
  /** What is said to one who came when all places were taken. */
  readonly busy: string;
  /** The reply to an HTTP request for `path`, undefined where there is nothing. */
  readonly page: (path: string) => { readonly type: string; readonly body: string } | undefined;
  /** Whether the process at the other end may be here. */
  readonly admits: (connection: Connection) => boolean;
  /** Told as soon as it listens. */
  readonly listening?: (listener: Listener) => void;
  /** Told of every connection, how it ended: `timed_out` without a request, too slow, or too long. */
  readonly ended: (fate: "served" | "refused" | "timed_out") => void;
  readonly limits?: Partial<Limits>;
}

export interface Limits {
  /** Milliseconds for a request to come, whole, and its reply to be taken. */
  readonly requestMs: number;
  /** Milliseconds between two wait lines; shorter than what clients take for silence. */
  readonly waitMs: number;
  readonly clients: number;
  /** Of one request. */
  readonly requestBytes: number;
}

export const MAX_CLIENTS = 2048;
const LIMITS: Limits = { requestMs: 10_000, waitMs: 1000, clients: MAX_CLIENTS, requestBytes: 16 * 1024 };

export interface ServerCounts {
  readonly connected: number;
  readonly served: number;
  /** Gone without a whole request, or too slow, or too long. */
  readonly dropped: number;
  readonly refused: number;
}

export class LineServer {
  readonly #ports: ServerPorts;
  readonly #limits: Limits;
  #listener: Listener | undefined;
  /** In the order in which they fell silent. */
  readonly #conversations = new Set<Conversation>();
  #served = 0;
  #dropped = 0;
  #refused = 0;

  constructor(ports: ServerPorts) {
    this.#ports = ports;
    this.#limits = { ...LIMITS, ...ports.limits };
  }

  /** Rejects with the system's error. */
  async listen(place: Place): Promise<void> {
    this.#listener = await listenUnix(place, (connection) => this.#admit(connection));
    this.#ports.listening?.(this.#listener);
  }

  get counts(): ServerCounts {
    const { size } = this.#conversations;
    return { connected: size, served: this.#served, dropped: this.#dropped, refused: this.#refused };
  }

  /** Nobody can connect any more. Removes the path that it was given, whoever listens there by now. */
  close(): void {
    this.#listener?.close();
  }

  /** Takes no further request of those that are connected. Resolves when those that wait have been answered. */
  async finish(): Promise<void> {
    await Promise.all([...this.#conversations].map((conversation) => conversation.finish()));
  }

  #admit(connection: Connection): Receiver | undefined {
    if (!this.#ports.admits(connection)) return this.#refuse(connection);
    if (this.#conversations.size >= this.#limits.clients && !this.#dropSilent()) {
      connection.write(`${this.#ports.busy}\n`);
      return this.#refuse(connection);
    }
    const conversation: Conversation = new Conversation(connection, this.#ports, this.#limits, {
      served: () => {
        this.#served += 1;
        this.#conversations.delete(conversation);
        this.#conversations.add(conversation); // its silence begins now
      },
      gone: (isDropped) => {
        this.#conversations.delete(conversation);
        if (isDropped) this.#dropped += 1;
        this.#ports.ended(isDropped ? "timed_out" : "served");
      },
    });
    this.#conversations.add(conversation);
    return conversation;
  }

  #refuse(connection: Connection): undefined {
    connection.destroy();
    this.#refused += 1;
    this.#ports.ended("refused");
  }

  #dropSilent(): boolean {
    for (const conversation of this.#conversations) {
      if (conversation.isAnswering) continue;
      this.#conversations.delete(conversation); // its place is free at once: a crowd comes faster than sockets close
      conversation.drop();
      return true;
    }
    return false;
  }
}

interface Observed {
  served(): void;
  gone(isDropped: boolean): void;
}

const HTTP_REQUEST = /^GET (\/\S*) HTTP\/1\.[01]\r?$/;

/** One connection: requests one after the other. */
class Conversation implements Receiver {
  readonly #connection: Connection;
  readonly #ports: ServerPorts;
  readonly #limits: Limits;
  readonly #observed: Observed;
  readonly #decoder = new TextDecoder();
  #text = "";
  #deadline: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #isDropped = false;
  /** Between two replies: the next line has to wait. */
  #isHeld = false;
  /** An answer takes its time. */
  isAnswering = false;
  #answered = Promise.resolve();

  constructor(connection: Connection, ports: ServerPorts, limits: Limits, observed: Observed) {
    this.#connection = connection;
    this.#ports = ports;
    this.#limits = limits;
    this.#observed = observed;
    this.#expectRequest();
  }

  data(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    if (this.#text.length > this.#limits.requestBytes) return this.drop();
    this.#next();
  }

  /** What was asked before is still answered. */
  ended(): void {
    this.#hasEnded = true;
    this.#next();
  }

  drained(): void {
    if (this.#isHeld) this.#goOn();
  }

  closed(): void {
    clearTimeout(this.#deadline);
    clearInterval(this.#waiting);
    this.#observed.gone(this.#isDropped);
  }

  /** Takes no further request. Resolves when the one under way has been answered. */
  finish(): Promise<void> {
    this.#text = "";
    this.#hasEnded = true;
    this.#next();
    return this.#answered;
  }

  #end(): void {
    this.#connection.end();
    // Who does not take what was written for them does not keep the connection either.
    this.#within(() => this.#connection.destroy());
  }

  drop(): void {
    this.#isDropped = true;
    this.#connection.destroy();
  }

  #expectRequest(): void {
    this.#within(() => this.drop());
  }

  #within(otherwise: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(otherwise, this.#limits.requestMs);
  }

  #next(): void {
    if (this.isAnswering || this.#isHeld || !this.#connection.isOpen) return;
    const end = this.#text.indexOf("\n");
    if (end === -1) {
      if (this.#hasEnded) this.#end();
      return;
    }
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    const path = HTTP_REQUEST.exec(line)?.[1];
    if (path !== undefined) return this.#serveHttp(path);
    const reply = this.#ports.answer(line);
    if (typeof reply === "string") return this.#reply(reply);
    this.#answered = this.#later(reply);
  }

  async #later(reply: Promise<string>): Promise<void> {
    this.isAnswering = true;
    clearTimeout(this.#deadline);
    const wait = () => this.#connection.write(`${this.#ports.waiting}\n`);
    this.#waiting = setInterval(wait, this.#limits.waitMs);
    wait();
    const text = await reply;
    clearInterval(this.#waiting);
    this.isAnswering = false;
    this.#reply(text);
  }

  #reply(text: string): void {
    if (!this.#connection.isOpen) return;
    const isTaken = this.#connection.write(`${text}\n`);
    this.#observed.served();
    this.#expectRequest();
    if (isTaken && this.#text === "" && !this.#hasEnded) return;
    // Who sends many at once waits for others between any two, and gets no more than is taken.
    this.#isHeld = true;
    if (isTaken) setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#isHeld = false;
    this.#next();
  }

  /** For `curl --unix-socket`: one answer, and the headers of the request do not matter. */
  #serveHttp(path: string): void {
    const page = this.#ports.page(path);
    const { type, body } = page ?? { type: "text/plain; charset=utf-8", body: "not found\n" };
    const head = [
      `HTTP/1.1 ${page === undefined ? "404 Not Found" : "200 OK"}`,
      `Content-Type: ${type}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
    ];
    this.#connection.write(`${head.join("\r\n")}\r\n\r\n${body}`);
    this.#observed.served();
    this.#text = "";
    this.#end();
  }
}
