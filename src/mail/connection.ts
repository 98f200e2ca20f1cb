/**
 * A connection to a mail server: lines out, lines in, TLS at once or later.
 *
 * - TLS is 1.2 or newer, and the certificate is verified against the host's name; nothing here can turn that off.
 * - Nothing that was read before an upgrade to TLS is seen after it; when something is there, the upgrade is refused
 *   (CVE-2011-0411 and its kind).
 * - Everything is bounded: the time for connecting and for the whole, the length of lines, the bytes of the session. What becomes of a
 *   connection that was released is somebody else's matter.
 *
 * Errors are `MailServerError`s. Reading is for one reader at a time.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import { Secret } from "../platform/secret.ts";
import { Deadline } from "./deadline.ts";
import { LineReader, type LineLimits } from "./line-reader.ts";
import { MailServerError } from "./mail-server-error.ts";
import { networkError, tlsError } from "./network-errors.ts";

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** PEM, all that are trusted; the runtime's own list when undefined (`platform/certificates.ts`). */
  readonly certificates?: readonly string[] | undefined;
  /** In the place of `certificates`, for whoever connects often: reading them takes milliseconds. */
  readonly context?: SecureContext | undefined;
  /** Of an earlier connection to the same host and port: makes the handshake a short one. */
  readonly resume?: Buffer | undefined;
  /** Told each session that could be resumed, once the server is verified. */
  readonly onSession?: ((session: Buffer) => void) | undefined;
  /** Milliseconds for the whole session, connecting included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Servers that can be reached at all are reached within seconds; the rest of the time belongs to the dialogue. */
const CONNECT_TIMEOUT_MS = 10_000;

/** A router between forgets a connection that is silent for some minutes: a released one may be, for hours. */
const TCP = { noDelay: true, allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 120_000 };

/** Capability lines are the longest in a login, some hundred bytes; a session is some thousand. */
const LIMITS: LineLimits = { maxLineBytes: 16 * 1024, maxTotalBytes: 256 * 1024 };

/** With more than this unread the server has to wait. */
const HIGH_WATER_BYTES = 64 * 1024;

export class MailConnection {
  readonly #options: ConnectionOptions;
  readonly #deadline: Deadline;
  #socket: Socket | TLSSocket;
  #reader = new LineReader(LIMITS);
  #failure: MailServerError | undefined;
  #wake: (() => void) | undefined;
  #isVerified = false;
  #isReleased = false;
  /** One that came before the server was verified. */
  #session: Buffer | undefined;

  /** Connects in plain text. @throws MailServerError */
  static async open(options: ConnectionOptions): Promise<MailConnection> {
    const { host, port, timeoutMs, signal } = options;
    const deadline = new Deadline(timeoutMs, signal);
    const connecting = new Deadline(Math.min(timeoutMs, CONNECT_TIMEOUT_MS), signal);
    try {
      const socket = connectTcp({ host, port, ...TCP });
      await untilConnected(socket, "connect", connecting, networkError);
      return new MailConnection(options, deadline, socket);
    } catch (error) {
      deadline.dispose();
      throw error;
    } finally {
      connecting.dispose();
    }
  }

  private constructor(options: ConnectionOptions, deadline: Deadline, socket: Socket) {
    this.#options = options;
    this.#deadline = deadline;
    this.#socket = socket;
    this.#listen();
    deadline.onEnd((failure) => this.#fail(failure));
  }

  /** `TLSv1.2`, `TLSv1.3`; undefined before TLS. */
  get tlsVersion(): string | undefined {
    return "getProtocol" in this.#socket ? (this.#socket.getProtocol() ?? undefined) : undefined;
  }

  /**
   * Starts TLS on the connection, now.
   *
   * @throws MailServerError when the server has sent anything that was not read: it could be a stranger's
   */
  async secure(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const plain = this.#socket;
    if (this.#reader.pendingBytes > 0 || plain.readableLength > 0)
      throw new MailServerError("starttls-injection", "there is plain text between the server's answer and TLS");
    plain.off("data", this.#onData).off("error", this.#onError).off("end", this.#onEnd).off("close", this.#onEnd);
    plain.on("error", ignore); // the TLS socket reports the same error
    const { host, certificates, context, resume } = this.#options;
    const secured = connectTls({
      socket: plain,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}), // RFC 6066 3: no addresses
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
      ...(context !== undefined
        ? { secureContext: context }
        : certificates === undefined
          ? {}
          : { ca: [...certificates] }),
      ...(resume === undefined ? {} : { session: resume }),
    });
    secured.on("session", this.#onSession);
    this.#reader = new LineReader(LIMITS);
    this.#socket = secured;
    await untilConnected(secured, "secureConnect", this.#deadline, tlsError);
    if (!secured.authorized) {
      secured.destroy();
      throw new MailServerError("certificate", "the server's certificate is not trusted");
    }
    this.#isVerified = true;
    if (this.#session !== undefined) this.#onSession(this.#session);
    this.#listen();
  }

  /**
   * Hands the connection over: no deadline and no limit counts any more.
   *
   * @returns the socket, paused, with half-open ends allowed and nobody listening but for errors, which are ignored; and what was read and not
   *   taken
   * @throws MailServerError when it has failed, or is not in TLS
   */
  release(): { readonly socket: TLSSocket; readonly unread: Buffer } {
    if (this.#failure !== undefined) throw this.#failure;
    const socket = this.#socket;
    if (!("getProtocol" in socket)) throw new MailServerError("tls-failed", "the connection is not encrypted");
    this.#isReleased = true;
    this.#deadline.dispose();
    socket.pause();
    socket.on("error", ignore);
    socket.off("data", this.#onData).off("error", this.#onError).off("end", this.#onEnd).off("close", this.#onEnd);
    socket.off("session", this.#onSession);
    return { socket, unread: this.#reader.takeAll() };
  }

  /** The next line, without its end. @throws MailServerError */
  async readLine(): Promise<string> {
    return this.#read((reader) => reader.takeLine());
  }

  /** Exactly `count` bytes. @throws MailServerError */
  async readBytes(count: number): Promise<string> {
    return this.#read((reader) => reader.takeBytes(count));
  }

  /** Sends a line and its end. @throws MailServerError when it is more than one line: a way to smuggle commands */
  writeLine(line: string | Secret): void {
    const text = line instanceof Secret ? line.reveal() : line;
    if (/[\r\n\0]/.test(text)) throw new MailServerError("protocol", "a command must not hold line ends");
    if (this.#failure === undefined) this.#socket.write(`${text}\r\n`);
  }

  /** Hangs up. Whoever still reads gets an error. */
  close(): void {
    this.#fail(new MailServerError("aborted", "the connection was closed"));
  }

  async #read<T>(take: (reader: LineReader) => T | undefined): Promise<T> {
    for (;;) {
      const taken = take(this.#reader);
      if (taken !== undefined) return taken;
      if (this.#failure !== undefined) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#socket.resume();
      await promise;
    }
  }

  #listen(): void {
    this.#socket.on("data", this.#onData).on("error", this.#onError).on("end", this.#onEnd).on("close", this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error instanceof MailServerError ? error : networkError(error));
    }
    if (this.#reader.pendingBytes > HIGH_WATER_BYTES) this.#socket.pause();
    this.#wakeReader();
  };

  readonly #onSession = (session: Buffer): void => {
    if (this.#isVerified) this.#options.onSession?.(session);
    else this.#session = session;
  };

  readonly #onError = (error: Error): void => this.#fail(networkError(error));

  readonly #onEnd = (): void => this.#fail(new MailServerError("closed", "the server closed the connection"));

  /** The first failure counts. Lines that arrived whole before it can still be read: a server's last words. */
  #fail(failure: MailServerError): void {
    if (this.#isReleased) return;
    this.#failure ??= failure;
    this.#deadline.dispose();
    this.#socket.destroy();
    this.#wakeReader();
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** Waits for `event`, or destroys the socket and throws what came instead. */
async function untilConnected(
  socket: Socket | TLSSocket,
  event: "connect" | "secureConnect",
  deadline: Deadline,
  explain: (error: unknown) => MailServerError,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClose = () => reject(new MailServerError("closed", "the server closed the connection"));
  const onError = (error: Error) => reject(explain(error));
  socket.once(event, resolve).on("error", onError).once("end", onClose).once("close", onClose);
  const forget = deadline.onEnd(reject);
  try {
    await promise;
    socket.off("error", onError);
  } catch (error) {
    socket.destroy(); // and `onError` stays: what it still has to say is of no interest
    throw error;
  } finally {
    forget();
    socket.off("end", onClose).off("close", onClose);
  }
}

function ignore(): void {
  // on purpose
}
