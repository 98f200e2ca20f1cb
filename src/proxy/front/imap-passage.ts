/**
 * What an IMAP server sends once somebody is logged in, on its way to the client.
 *
 * Lines and literals are followed, so that capabilities are told from a mail that speaks of them; nothing else is looked at. Only a line
 * that lists capabilities, or may be about to, is held back until it is whole, and it is changed only where something has to go.
 *
 * A stream that is no IMAP any more (COMPRESS=DEFLATE, RFC 4978) is never touched again.
 */
import type { Farewell, Passage } from "./front.ts";
import { withoutProxysOwn } from "./imap-capabilities.ts";
import { imapLineKind } from "./imap-line-kind.ts";
import { imapFarewell } from "./imap-words.ts";

/** A longer list of capabilities passes as it is. */
const MAX_HELD_BYTES = 8192;
/** Enough to tell what a line is: a tag may have 128. */
const HEAD_BYTES = 160;
/** Enough for the announcement of a literal and the line's end. */
const TAIL_BYTES = 24;
const LITERAL = /\{([0-9]{1,19})\+?\}\r?\n$/;
const LF = 0x0a;
const NOTHING = Buffer.alloc(0);

export class ImapPassage implements Passage {
  /** `start`: a line begins next, or has begun with `#held`. `data`: a line at whose end a literal may be announced. */
  #within: "start" | "data" | "words" | "literal" | "alien" = "start";
  /** The beginning of a line that may have to be changed. */
  #held = NOTHING;
  /** How much of the literal is to come. */
  #literalBytes = 0;
  /** The last bytes of a data line so far. Latin-1. */
  #tail = "";
  #saidBye = false;

  pass(bytes: Uint8Array): Uint8Array {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#held.length === 0) {
      const given = this.#walk(piece);
      return given === piece ? bytes : given;
    }
    const whole = Buffer.concat([this.#held, piece]);
    this.#held = NOTHING;
    return this.#walk(whole);
  }

  /** Bytes that wait for more. */
  get heldBytes(): number {
    return this.#held.length;
  }

  farewell(reason: Farewell): string | undefined {
    if (this.#held.length > 0) return this.#held.toString("latin1");
    return this.#within === "start" && !this.#saidBye ? imapFarewell(reason) : undefined;
  }

  #walk(whole: Buffer): Uint8Array {
    const passed: Uint8Array[] = [];
    let from = 0; // what comes before has been put into `passed`
    for (let at = 0, end = 0; at < whole.length && this.#within !== "alien"; at = end) {
      if (this.#within === "literal") {
        end = at + this.#walkLiteral(whole.length - at);
        continue;
      }
      const found = whole.indexOf(LF, at);
      end = found === -1 ? whole.length : found + 1;
      const line = whole.subarray(at, end);
      const given = this.#walkLine(line, found !== -1);
      if (given === line) continue;
      passed.push(whole.subarray(from, at), given);
      from = end;
    }
    if (from === 0) return whole;
    passed.push(whole.subarray(from));
    return Buffer.concat(passed);
  }

  /**
   * @param line one, or a piece of one that has not `ended`
   * @returns what the client gets of it; `line` itself when there is nothing to change
   */
  #walkLine(line: Buffer, ended: boolean): Buffer {
    const within = this.#within === "start" ? imapLineKind(line.toString("latin1", 0, HEAD_BYTES)) : this.#within;
    if (within === "data") {
      this.#walkData(line, ended);
      return line;
    }
    const isShort = line.length <= MAX_HELD_BYTES;
    if ((within === "open" || within === "capabilities") && isShort && !ended) {
      this.#held = Buffer.from(line);
      return NOTHING;
    }
    if (within === "bye") this.#saidBye = true;
    if (within === "alien") this.#within = "alien";
    else this.#within = ended ? "start" : "words";
    return within === "capabilities" && isShort && ended ? withoutProxysOwnIn(line) : line;
  }

  /** @returns how many of the `available` bytes are the literal's */
  #walkLiteral(available: number): number {
    const count = Math.min(available, this.#literalBytes);
    this.#literalBytes -= count;
    if (this.#literalBytes === 0) this.#within = "data";
    return count;
  }

  /** @param line some of a data line, its beginning or what follows it */
  #walkData(line: Buffer, ended: boolean): void {
    const tail = this.#tail + line.toString("latin1", Math.max(0, line.length - TAIL_BYTES));
    this.#tail = ended ? "" : tail.slice(-TAIL_BYTES);
    const literal = ended ? LITERAL.exec(tail)?.[1] : undefined;
    this.#literalBytes = Number(literal ?? 0);
    if (this.#literalBytes > 0) this.#within = "literal";
    else this.#within = ended && literal === undefined ? "start" : "data";
  }
}

/** @param line of capabilities, which end with it or with a `]` */
function withoutProxysOwnIn(line: Buffer): Buffer {
  const text = line.toString("latin1");
  const changed = text.replace(/CAPABILITY[^\]\r\n]*/i, withoutProxysOwn);
  return changed === text ? line : Buffer.from(changed, "latin1");
}
