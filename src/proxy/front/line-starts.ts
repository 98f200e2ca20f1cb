/** Follows lines that pass by, in any pieces, and keeps no more of them than their beginnings. */

const LF = 0x0a;

export class LineStarts {
  readonly #maxLength: number;
  #start = "";
  #isAtLineStart = true;

  /** @param maxLength how many bytes of each line are of interest */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Nothing of the next line has passed yet. */
  get isAtLineStart(): boolean {
    return this.#isAtLineStart;
  }

  /**
   * Follows one line, or the rest of it, from `at` on.
   *
   * @returns where the next one begins, and the beginning of this one (Latin-1, its end included where it fits) if it has ended
   */
  follow(bytes: Uint8Array, at: number): { readonly next: number; readonly line: string | undefined } {
    const found = bytes.indexOf(LF, at);
    const next = found === -1 ? bytes.length : found + 1;
    if (this.#isAtLineStart) this.#start = "";
    const missing = this.#maxLength - this.#start.length;
    this.#start += Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(missing, next - at)).toString("latin1");
    this.#isAtLineStart = found !== -1;
    return { next, line: this.#isAtLineStart ? this.#start : undefined };
  }
}
