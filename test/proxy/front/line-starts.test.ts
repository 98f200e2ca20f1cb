import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { LineStarts } from "../../../src/proxy/front/line-starts.ts";
import { pieces } from "./conversation.ts";
import { SIZES } from "./known.ts";

function startsOf(texts: readonly string[]): { readonly lines: string[]; readonly isAtLineStart: boolean } {
  const followed = new LineStarts(3);
  const lines: string[] = [];
  for (const text of texts) {
    // Within a larger piece, as a socket's are.
    const bytes = Buffer.from(`__${text}`, "latin1").subarray(2);
    for (let at = 0; at < bytes.length; ) {
      const { next, line } = followed.follow(bytes, at);
      if (line !== undefined) lines.push(line);
      at = next;
    }
  }
  return { lines, isAtLineStart: followed.isAtLineStart };
}

describe("the starts of lines", () => {
  test("are all that is kept of them, ends included where they fit", () => {
    expect(startsOf(["250-mail.example.com\r\n\n+\n\xff\r\nab"])).toEqual({
      lines: ["250", "\n", "+\n", "\xff\r\n"],
      isAtLineStart: false,
    });
    expect(startsOf([])).toEqual({ lines: [], isAtLineStart: true });
  });

  test("are the same however the lines are cut", () => {
    const texts = fc.string({ unit: fc.constantFrom("\n", "\r", "a", "b"), maxLength: 60 });
    fc.assert(
      fc.property(texts, SIZES, (text, sizes) => {
        expect(startsOf(pieces(text, sizes))).toEqual(startsOf([text]));
        expect(startsOf([text]).lines).toEqual((text.match(/[^\n]*\n/g) ?? []).map((line) => line.slice(0, 3)));
      }),
    );
  });
});
