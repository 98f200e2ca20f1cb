/**
 * SMTP once the client is in: bytes pass as they are. What is followed is no more than where the server stands in its replies, to know
 * whether a last one can be added. A client in the middle of DATA takes it for what it is: the message has not been accepted.
 */
import type { Farewell, Passage } from "./front.ts";
import { LineStarts } from "./line-starts.ts";
import { smtpFarewell } from "./smtp-front.ts";

/** The code, and the hyphen when more lines of the reply follow. */
const HEAD_BYTES = 4;

/** 221 answers QUIT; 421 is a goodbye of the server's own. */
const GOODBYE = /^[24]21/;

export class SmtpPassage implements Passage {
  readonly #server = new LineStarts(HEAD_BYTES);
  #last = "";

  pass(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length; ) {
      const { next, line } = this.#server.follow(bytes, at);
      this.#last = line ?? this.#last;
      at = next;
    }
    return bytes;
  }

  farewell(reason: Farewell): string | undefined {
    const isBetweenReplies = this.#server.isAtLineStart && this.#last[HEAD_BYTES - 1] !== "-";
    if (!isBetweenReplies || GOODBYE.test(this.#last)) return undefined;
    return `${smtpFarewell(reason)}\r\n`;
  }
}
