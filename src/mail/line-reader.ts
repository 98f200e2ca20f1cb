/**
 * Cuts a stream of bytes into lines, and counted runs of bytes (IMAP literals). No I/O: bytes in, lines out.
 *
 * What it keeps is bounded: by the longest line it allows, and by the total it ever accepts. Lines end with LF, with or
 * without CR before it.
 */
import { ByteBuffer } from "./byte-buffer.ts";
import { MailServerError } from "./mail-server-error.ts";

export interface LineLimits {
  readonly maxLineBytes: number;
  /** For everything that the server sends in one session. */
  readonly maxTotalBytes: number;
}

export class LineReader {
  readonly #limits: LineLimits;
  readonly #buffer = new ByteBuffer();
  #total = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /** Bytes that were pushed and not taken yet. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }

  /** @throws MailServerError when the server sent more than the total */
  push(chunk: Uint8Array): void {
    this.#total += chunk.length;
    if (this.#total > this.#limits.maxTotalBytes)
      throw new MailServerError("protocol", `the server sends more than ${this.#limits.maxTotalBytes} bytes`);
    this.#buffer.push(chunk);
  }

  /**
   * The next whole line without its end; bytes that are not UTF-8 become U+FFFD.
   *
   * @returns undefined when it has not arrived yet
   * @throws MailServerError when it is too long already
   */
  takeLine(): string | undefined {
    const length = this.#buffer.lineLength();
    if ((length === undefined ? this.#buffer.length : length - 1) > this.#limits.maxLineBytes)
      throw new MailServerError("protocol", `the server's line is longer than ${this.#limits.maxLineBytes} bytes`);
    return length === undefined ? undefined : this.#buffer.takeLine("utf8");
  }

  /** The next `count` bytes as text. @returns undefined when they have not all arrived yet */
  takeBytes(count: number): string | undefined {
    return this.#buffer.length < count ? undefined : this.#buffer.takeText(count, "utf8");
  }

  /** Whatever has not been taken, whole lines or not. */
  takeAll(): Buffer {
    return this.#buffer.takeAll();
  }
}
