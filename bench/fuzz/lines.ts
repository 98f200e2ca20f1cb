/** What the protocols of lines have in common, POP3 and SMTP. */
import { LineReader } from "../../src/mail/line-reader.ts";
import { MailServerError } from "../../src/mail/mail-server-error.ts";
import type { Passage } from "../../src/proxy/front/front.ts";
import { inPieces, must, type FuzzTarget } from "./fuzz.ts";
import type { Random } from "./random.ts";

/** In an input for a passage: from here on it is the other side that speaks, the server first. */
export const CLIENT_TURN = "\x1e";

/** @param farewell how each one begins */
export function passageRun(create: () => Passage, farewell: string): FuzzTarget["run"] {
  return (input, random) => {
    const whole = follow(create(), input, 1, random);
    must(whole === follow(create(), input, 4, random), "pieces make no difference");
    must(whole?.startsWith(farewell) ?? true, "a farewell is one of the protocol's");
  };
}

function follow(passage: Passage, input: Buffer, pieces: number, random: Random): string | undefined {
  for (let at = 0, isServer = true; at <= input.length; isServer = !isServer) {
    const found = input.indexOf(CLIENT_TURN, at);
    const end = found === -1 ? input.length : found;
    inPieces(input.subarray(at, end), pieces, random, (piece) => {
      if (isServer) must(passage.pass(piece) === piece, "bytes pass as they are");
      else passage.sent?.(piece);
    });
    at = end + 1;
  }
  return passage.farewell("upstream");
}

/** As a connection reads them. */
export function readLines(input: Buffer, random: Random): string[] {
  const reader = new LineReader({ maxLineBytes: 256, maxTotalBytes: 2048 });
  const lines: string[] = [];
  try {
    inPieces(input, 3, random, (piece) => {
      reader.push(piece);
      for (let line = reader.takeLine(); line !== undefined; line = reader.takeLine()) lines.push(line);
    });
  } catch (error) {
    if (!(error instanceof MailServerError)) throw error;
  }
  return lines;
}
