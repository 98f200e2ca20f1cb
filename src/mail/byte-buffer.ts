/** Bytes that have arrived and not been taken yet. No I/O, and no bound of its own: whoever pushes keeps it. */

const LF = 0x0a;
const CR = 0x0d;

export class ByteBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  /** What is kept is `#bytes[#start, #end)`; up to `#scanned` there is no LF in it. */
  #start = 0;
  #end = 0;
  #scanned = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The bytes are copied. */
  push(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The length of the first line, its LF included; undefined when its end has not arrived yet. */
  lineLength(): number | undefined {
    const found = this.#bytes.subarray(0, this.#end).indexOf(LF, this.#scanned);
    this.#scanned = found === -1 ? this.#end : found;
    return found === -1 ? undefined : found + 1 - this.#start;
  }

  /** Takes the first line, which must have arrived. @returns it without LF, and without CR before that */
  takeLine(encoding: "utf8" | "latin1"): string {
    const length = this.lineLength() ?? 0;
    const ending = length > 1 && this.#bytes[this.#start + length - 2] === CR ? 2 : 1;
    const line = this.#bytes.toString(encoding, this.#start, this.#start + length - ending);
    this.#advance(length);
    return line;
  }

  /** Takes the first `count` bytes, or as many as there are. */
  takeText(count: number, encoding: "utf8" | "latin1"): string {
    const length = Math.min(count, this.length);
    const text = this.#bytes.toString(encoding, this.#start, this.#start + length);
    this.#advance(length);
    return text;
  }

  /** Takes everything, the memory included. */
  takeAll(): Buffer {
    const all = this.#bytes.subarray(this.#start, this.#end);
    this.#bytes = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
    this.#scanned = 0;
    return all;
  }

  #advance(count: number): void {
    this.#start += count;
    this.#scanned = this.#start;
    if (this.#start !== this.#end) return;
    this.#start = 0;
    this.#end = 0;
    this.#scanned = 0;
  }

  #makeRoom(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const kept = this.length;
    const needed = kept + count;
    const target =
      needed <= this.#bytes.length ? this.#bytes : Buffer.alloc(Math.max(needed, this.#bytes.length * 2, 256));
    this.#bytes.copy(target, 0, this.#start, this.#end);
    this.#bytes = target;
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#end = kept;
  }
}
