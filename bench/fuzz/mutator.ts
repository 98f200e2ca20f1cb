/** Makes hostile inputs out of real ones. */
import type { Random } from "./random.ts";

/** The bytes that mean something to line protocols, and some that should not be there. */
const BYTES = Buffer.from('\0\r\n\t "\\{}[]()*+-=~%. 0129AZaz/@\x7f\x80\xc3\xff', "latin1");
const MAX_BYTES = 4096;
const MAX_MUTATIONS = 6;

export class Mutator {
  readonly #random: Random;
  readonly #corpus: readonly Buffer[];
  readonly #words: readonly Buffer[];
  #bytes = Buffer.alloc(MAX_BYTES);
  #spare = Buffer.alloc(MAX_BYTES);
  #length = 0;

  /** @param corpus,words in Latin-1 */
  constructor(random: Random, corpus: readonly string[], words: readonly string[]) {
    this.#random = random;
    this.#corpus = corpus.map((text) => Buffer.from(text, "latin1"));
    this.#words = words.map((text) => Buffer.from(text, "latin1"));
  }

  /** Valid until the next call. */
  next(): Buffer {
    this.#length = this.#random.pick(this.#corpus).copy(this.#bytes);
    for (let left = this.#random.below(MAX_MUTATIONS); left > 0; left--) this.#mutate();
    return this.#bytes.subarray(0, this.#length);
  }

  #mutate(): void {
    const random = this.#random;
    const at = random.below(this.#length + 1);
    const count = random.below(1 + Math.min(this.#length - at, 40));
    switch (random.below(7)) {
      case 0: // another byte
        if (at < this.#length) this.#bytes[at] = this.#byte();
        return;
      case 1: // one more
        return this.#replace(at, 0, Buffer.from([this.#byte()]));
      case 2: // some less
        return this.#replace(at, count, Buffer.alloc(0));
      case 3: // some twice
        return this.#replace(at, 0, Buffer.from(this.#bytes.subarray(at, at + count)));
      case 4: // a word that matters
        return this.#replace(at, random.below(2) * count, random.pick(this.#words));
      case 5: // another input, from its middle on
        return this.#splice(at);
      default: // a run of the same
        return this.#replace(at, 0, Buffer.alloc(random.below(300), this.#byte()));
    }
  }

  #splice(at: number): void {
    const other = this.#random.pick(this.#corpus);
    this.#replace(at, this.#length - at, other.subarray(this.#random.below(other.length + 1)));
  }

  #byte(): number {
    return this.#random.below(4) === 0 ? this.#random.below(256) : (BYTES[this.#random.below(BYTES.length)] ?? 0);
  }

  /** `count` bytes at `at` become `other`; what does not fit any more is cut off. */
  #replace(at: number, count: number, other: Buffer): void {
    let end = this.#bytes.copy(this.#spare, 0, 0, at);
    end += other.copy(this.#spare, end);
    end += this.#bytes.copy(this.#spare, end, Math.min(at + count, this.#length), this.#length);
    [this.#bytes, this.#spare] = [this.#spare, this.#bytes];
    this.#length = end;
  }
}
