import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { LineReader } from "../../src/mail/line-reader.ts";
import { MailServerError } from "../../src/mail/mail-server-error.ts";

const LIMITS = { maxLineBytes: 1000, maxTotalBytes: 100_000 };

function linesOf(reader: LineReader): string[] {
  const lines: string[] = [];
  for (let line = reader.takeLine(); line !== undefined; line = reader.takeLine()) lines.push(line);
  return lines;
}

describe("a line reader", () => {
  test("gives the same lines however the bytes are cut", () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "€", "\r", " ", "\0") }), { maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (parts, sizes) => {
        const bytes = Buffer.from(parts.map((part) => `${part}\n`).join(""));
        const whole = new LineReader(LIMITS);
        whole.push(bytes);
        const expected = linesOf(whole);
        const reader = new LineReader(LIMITS);
        const lines: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.push(bytes.subarray(at, at + size));
          lines.push(...linesOf(reader));
          at += size;
        }
        expect(lines).toEqual(expected);
        expect(lines).toEqual(parts.map((part) => part.replace(/\r$/, "")));
        expect(reader.pendingBytes).toBe(0);
      }),
    );
  });

  test("ends lines with LF, with or without CR, and leaves other CRs alone", () => {
    const reader = new LineReader(LIMITS);
    reader.push(Buffer.from("one\r\ntwo\nth\rree\r\r\n\r\n\nrest"));
    expect(linesOf(reader)).toEqual(["one", "two", "th\rree\r", "", ""]);
    expect(reader.pendingBytes).toBe(4);
  });

  test("gives counted bytes and then goes on with lines", () => {
    const reader = new LineReader(LIMITS);
    reader.push(Buffer.from("{5}\r\na\r\n"));
    expect(reader.takeLine()).toBe("{5}");
    expect(reader.takeBytes(5)).toBeUndefined();
    reader.push(Buffer.from("bc rest\r\n"));
    expect(reader.takeBytes(5)).toBe("a\r\nbc");
    expect(reader.takeLine()).toBe(" rest");
  });

  test("takes a line of the allowed length, and throws at one byte more before the line has ended", () => {
    const reader = new LineReader(LIMITS);
    reader.push(Buffer.alloc(1000, "x"));
    expect(reader.takeLine()).toBeUndefined();
    reader.push(Buffer.from("\n"));
    expect(reader.takeLine()).toHaveLength(1000);
    reader.push(Buffer.alloc(1001, "x"));
    expect(() => reader.takeLine()).toThrow(MailServerError);
  });

  test("throws when the total is passed, however short the lines are", () => {
    const reader = new LineReader(LIMITS);
    expect(() => {
      for (let count = 0; count < 100_000; count++) {
        reader.push(Buffer.from("x\n"));
        reader.takeLine();
      }
    }).toThrow(MailServerError);
  });

  test("makes replacement characters of bytes that are not UTF-8", () => {
    const reader = new LineReader(LIMITS);
    reader.push(Buffer.from([0xff, 0x41, 0x0a]));
    expect(reader.takeLine()).toBe("\ufffdA");
  });
});
