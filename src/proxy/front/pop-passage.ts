/**
 * POP3 once the client is in: bytes pass as they are. What is followed, to know whether a last line can be added, is where the server stands
 * in its replies; that takes the commands, since a reply does not say whether it has one line or many.
 *
 * Where the two can no longer be followed nothing is added at all: a line in the wrong place would become part of a message.
 */
import { hasMultilineReply, parsePopCommand } from "../../mail/pop-command.ts";
import type { Farewell, Passage } from "./front.ts";
import { LineStarts } from "./line-starts.ts";
import { popFarewell } from "./pop-front.ts";

/** Commands are no longer (RFC 2449 4). */
const COMMAND_BYTES = 255;
const STATUS = "+OK";

/** Without an answer (PIPELINING). Whoever sends more hears nothing when the server dies. */
const MAX_COMMANDS = 10_000;

/** The end of a reply of many lines, that of the line before it included. */
const END = Buffer.from("\r\n.\r\n");
const LINE_END = END.subarray(0, "\r\n".length);

type Reply = "line" | "lines" | "goodbye";

export class PopPassage implements Passage {
  readonly #client = new LineStarts(COMMAND_BYTES);
  readonly #server = new LineStarts(STATUS.length);
  /** What the server has yet to answer. */
  #expected: Reply[] = [];
  /** `lines`: it is in the middle of a reply. `lost`: nothing can be added any more. */
  #state: "between" | "lines" | "lost" = "between";
  /** The last bytes of what has passed of a reply of many lines: its end may be in two pieces. */
  #tail: Buffer = LINE_END;

  sent(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#state !== "lost"; ) {
      const { next, line } = this.#client.follow(bytes, at);
      if (line !== undefined) this.#expect(line);
      at = next;
    }
  }

  pass(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length && this.#state !== "lost"; )
      at = this.#state === "lines" ? this.#followLines(bytes, at) : this.#followStatus(bytes, at);
    return bytes;
  }

  farewell(reason: Farewell): string | undefined {
    const mayBeSaid = this.#state === "between" && this.#server.isAtLineStart;
    return mayBeSaid ? `${popFarewell(reason)}\r\n` : undefined;
  }

  #expect(line: string): void {
    const command = parsePopCommand(line.trimEnd());
    const ordinary = hasMultilineReply(command) ? "lines" : "line";
    this.#expected.push(command.keyword === "QUIT" ? "goodbye" : ordinary);
    if (this.#expected.length > MAX_COMMANDS) this.#lose();
  }

  #followStatus(bytes: Uint8Array, at: number): number {
    const { next, line } = this.#server.follow(bytes, at);
    if (line === undefined) return next;
    // A reply to nothing is a goodbye as well: the server has been waiting for too long.
    const reply = this.#expected.shift() ?? "goodbye";
    if (reply === "goodbye") this.#lose();
    if (reply === "lines" && line.startsWith(STATUS)) {
      this.#state = "lines";
      this.#tail = LINE_END;
    }
    return next;
  }

  #followLines(bytes: Uint8Array, at: number): number {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    const seam = Buffer.concat([this.#tail, piece.subarray(0, END.length - 1)]);
    const inSeam = seam.indexOf(END);
    const found = inSeam === -1 ? piece.indexOf(END) : inSeam - this.#tail.length;
    if (found !== -1 || inSeam !== -1) {
      this.#state = "between";
      return at + found + END.length;
    }
    const last = piece.length < END.length ? seam : piece;
    this.#tail = Buffer.from(last.subarray(-(END.length - 1)));
    return bytes.length;
  }

  #lose(): void {
    this.#state = "lost";
    this.#expected = [];
  }
}
