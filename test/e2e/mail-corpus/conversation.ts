/**
 * Conversations with a mail server, from the moment that somebody is logged in: what the client says, and how it knows that the server
 * has answered. Played against a real server they are recorded byte for byte.
 */
import type { Socket } from "node:net";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { Random } from "../../../bench/fuzz/random.ts";
import type { MailProtocol } from "../../../src/mail/report.ts";

export interface Turn {
  /** Latin-1: one character is one byte. */
  readonly send: string;
  /** Found in what has come since the turn began: then it is the client's turn again. */
  readonly until: RegExp;
  /** The answer lists capabilities, some of which are the proxy's own matter. */
  readonly listsCapabilities?: boolean;
  /** The server says something only when somebody else has done something. */
  readonly happens?: "delivery";
}

export interface Conversation {
  readonly name: string;
  readonly protocol: MailProtocol;
  readonly turns: readonly Turn[];
  /** The turn with whose end compression begins (RFC 4978). */
  readonly compressAfter?: number;
}

/** Bytes of one turn as they were on the wire. */
export interface Heard {
  readonly sent: Buffer;
  readonly received: Buffer;
}

/** How bytes are cut into pieces. */
export type Cut = (bytes: Buffer) => Iterable<Buffer>;

export const CUTS = {
  whole: (bytes) => [bytes],
  "in random pieces": randomPieces,
  "byte by byte": (bytes) => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)),
} as const satisfies { readonly [name: string]: Cut };

const LINE_END = "\r\n";
const PATIENCE_MS = 20_000;

/** The same every time: what fails can be repeated. Mostly small pieces, some of thousands of bytes. */
function* randomPieces(bytes: Buffer): Generator<Buffer> {
  const random = new Random(bytes.length);
  for (let start = 0; start < bytes.length; ) {
    const length = 1 + random.below(2 ** random.below(13));
    yield bytes.subarray(start, start + length);
    start += length;
  }
}

export async function writeInPieces(socket: Socket, bytes: Buffer, cut: Cut): Promise<void> {
  for (const piece of cut(bytes)) {
    if (!socket.write(piece) && !socket.destroyed) await drained(socket);
    await new Promise(setImmediate);
  }
}

/** Resolves when the socket takes more, or never will. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("drain", resolve).once("close", resolve);
  });
}

/** A socket's bytes, as they come. */
export class Received {
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => undefined;

  constructor(socket: Socket) {
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end).on("error", end).on("close", end);
  }

  /** Takes all there is as soon as that `isEnough`. @throws Error with what there is when no more comes */
  async take(isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
    await this.#until(isEnough);
    return this.#taken(this.#bytes.length);
  }

  async takeBytes(count: number): Promise<Buffer> {
    await this.#until((bytes) => bytes.length >= count);
    return this.#taken(count);
  }

  /** Without its end. */
  async takeLine(): Promise<string> {
    await this.#until((bytes) => bytes.includes(LINE_END));
    const end = this.#bytes.indexOf(LINE_END);
    return this.#taken(end + LINE_END.length).toString("latin1", 0, end);
  }

  /** What comes until the other side ends the connection. */
  takeRest(): Promise<Buffer> {
    return this.take(() => this.#ended);
  }

  #taken(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async #until(isEnough: (bytes: Buffer) => boolean): Promise<void> {
    const timer = setTimeout(() => {
      this.#ended = true;
      this.#wake();
    }, PATIENCE_MS);
    try {
      while (!isEnough(this.#bytes)) {
        if (this.#ended) throw new Error(`no more than this has come: ${this.#bytes.toString("latin1")}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param deliver does what a turn says that `happens` */
export async function converse(
  socket: Socket,
  received: Received,
  { turns, compressAfter = Infinity }: Conversation,
  cut: Cut,
  deliver: () => Promise<void>,
): Promise<Heard[]> {
  const heard: Heard[] = [];
  let compressed = Buffer.alloc(0);
  for (const [index, { send, until, happens }] of turns.entries()) {
    const isCompressed = index > compressAfter;
    const plain = Buffer.from(send, "latin1");
    const sent = isCompressed ? deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }) : plain;
    // Dovecot obeys LOGOUT at its CR and hangs up: one more byte, and its answer is lost with the connection, by whichever way it came.
    await writeInPieces(socket, sent, index === turns.length - 1 ? CUTS.whole : cut);
    if (happens === "delivery") await deliver();
    const before = compressed;
    const newText = (bytes: Buffer) => inflated(Buffer.concat([before, bytes])).slice(inflated(before).length);
    const answer = await received.take((bytes) => until.test(isCompressed ? newText(bytes) : bytes.toString("latin1")));
    if (isCompressed) compressed = Buffer.concat([compressed, answer]);
    heard.push({ sent, received: answer });
  }
  heard.push({ sent: Buffer.alloc(0), received: await received.takeRest() });
  return heard;
}

/** The text of a compressed stream, as far as it has come. */
export function inflated(stream: Buffer): string {
  if (stream.length === 0) return "";
  return inflateRawSync(stream, { finishFlush: constants.Z_SYNC_FLUSH }).toString("latin1");
}
