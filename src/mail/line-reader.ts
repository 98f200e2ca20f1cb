/**
 * Cuts a stream of bytes into lines, and counted runs of bytes (IMAP literals). No I/O: bytes in, lines out.
 *
 * What it keeps is bounded: by the longest line it allows, and by the total it ever accepts. Lines end with LF, with or
 * without CR before it.
 */
import { MailServerError } from "./mail-server-error.ts";

export interface LineLimits {
  readonly maxLineBytes: number;
  /** For everything that the server sends in one session. */
  readonly maxTotalBytes: number;
}

const LF = 0x0a;
const CR = 0x0d;

export class LineReader {
  readonly #limits: LineLimits;
  #bytes: Buffer = Buffer.alloc(1024);
  /** What is kept is `#bytes[#start, #end)`; up to `#scanned` there is no LF in it. */
  #start = 0;
  #end = 0;
  #scanned = 0;
  #total = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /** Bytes that were pushed and not taken yet. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** @throws MailServerError when the server sent more than the total */
  push(chunk: Uint8Array): void {
    this.#total += chunk.length;
    if (this.#total > this.#limits.maxTotalBytes)
      throw new MailServerError("protocol", `the server sends more than ${this.#limits.maxTotalBytes} bytes`);
    this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next whole line without its end; bytes that are not UTF-8 become U+FFFD.
   *
   * @returns undefined when it has not arrived yet
   * @throws MailServerError when it is too long already
   */
  takeLine(): string | undefined {
    const found = this.#bytes.subarray(0, this.#end).indexOf(LF, this.#scanned);
    const length = (found === -1 ? this.#end : found) - this.#start;
    if (length > this.#limits.maxLineBytes)
      throw new MailServerError("protocol", `the server's line is longer than ${this.#limits.maxLineBytes} bytes`);
    if (found === -1) {
      this.#scanned = this.#end;
      return undefined;
    }
    const end = found > this.#start && this.#bytes[found - 1] === CR ? found - 1 : found;
    const line = this.#bytes.toString("utf8", this.#start, end);
    this.#advance(found + 1);
    return line;
  }

  /** The next `count` bytes as text. @returns undefined when they have not all arrived yet */
  takeBytes(count: number): string | undefined {
    if (this.pendingBytes < count) return undefined;
    const text = this.#bytes.toString("utf8", this.#start, this.#start + count);
    this.#advance(this.#start + count);
    return text;
  }

  #advance(to: number): void {
    this.#start = to;
    this.#scanned = to;
    if (this.#start !== this.#end) return;
    this.#start = 0;
    this.#end = 0;
    this.#scanned = 0;
  }

  #makeRoom(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const kept = this.pendingBytes;
    const needed = kept + count;
    const target = needed <= this.#bytes.length ? this.#bytes : Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(target, 0, this.#start, this.#end);
    this.#bytes = target;
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#end = kept;
  }
}
