import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { findBlocks, putBlock, takeOutBlock, withoutBlocks, type NewBlock } from "../../src/clients/block.ts";
import { ODD_FILES } from "./odd-files.ts";

const PATH = "/home/me/.rc";
const block = (program: string, text = `set ${program}\n`, rest: Partial<NewBlock> = {}): NewBlock => ({
  program,
  way: "token",
  accounts: ["me@x.test"],
  comment: "#",
  text,
  ...rest,
});

describe("a block", () => {
  test("looks like this", () => {
    expect(putBlock("a = 1\n", block("mbsync", "x\n\ny\n", { accounts: ["a@x.test", "b@x.test"] }), PATH)).toBe(
      `a = 1
# >>> mailkey mbsync: a@x.test b@x.test
# "mailkey setup" writes these lines anew: put your own outside of them.
x

y
# <<< mailkey mbsync ae195652
`,
    );
  });

  test.each(ODD_FILES)(
    "put into %s and taken out again leaves the same bytes, at the end and at the start",
    (_, text) => {
      for (const place of ["end", "start"] as const) {
        const marked = putBlock(text, block("mbsync", undefined, { place }), PATH);
        expect(marked).not.toBe(text);
        expect(takeOutBlock(marked, "mbsync", PATH)).toBe(text);
      }
    },
  );

  test.each(ODD_FILES)("put into %s twice is there once", (_, text) => {
    const once = putBlock(text, block("mbsync"), PATH);
    expect(putBlock(once, block("mbsync"), PATH)).toBe(once);
    expect(findBlocks(once, PATH)).toMatchObject([{ program: "mbsync", accounts: ["me@x.test"], isEdited: false }]);
  });

  test("takes over the line endings of the file", () => {
    expect(putBlock("a\r\n", block("mbsync"), PATH).replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  test("is written anew where it is, and nothing else is", () => {
    const first = putBlock("before\n", block("mbsync"), PATH) + "after\n";
    const second = putBlock(first, block("mbsync", "new\n"), PATH);
    expect(second).toMatch(/^before\n# >>>[^]*\nnew\n# <<< [^\n]*\nafter\n$/);
  });

  test("at the start stays behind a byte order mark and a first line that has to be the first", () => {
    const put = (text: string) => putBlock(text, block("gnus", "x\n", { place: "start", comment: ";;" }), PATH);
    expect(put("\u00ef\u00bb\u00bfa\n")).toStartWith("\u00ef\u00bb\u00bf;; >>>");
    expect(put(";; -*- lexical-binding: t -*-\na\n")).toStartWith(";; -*- lexical-binding: t -*-\n;; >>>");
  });

  test("knows whether somebody edited it; other line endings are no edit", () => {
    const text = putBlock("", block("mbsync"), PATH);
    const isEdited = (each: string) => findBlocks(each, PATH)[0]?.isEdited;
    expect(isEdited(text)).toBe(false);
    expect(isEdited(text.replaceAll("\n", "\r\n"))).toBe(false);
    expect(isEdited(text.replace("set mbsync", "set mbsync # mine"))).toBe(true);
  });

  test("keeps letters beyond ASCII as UTF-8, beside bytes that are none", () => {
    const text = putBlock("caf\u00e9\n", block("mbsync", "Grüße\n", { accounts: ["jürgen@x.test"] }), PATH);
    expect(Buffer.from(text, "latin1").toString("utf8")).toContain("Grüße");
    expect(text).toStartWith("caf\u00e9\n");
    expect(findBlocks(text, PATH)[0]?.accounts).toEqual(["jürgen@x.test"]);
  });
});

test("blocks of several programs come out in any order, and the file is what it was", () => {
  const programs = ["mbsync", "msmtp", "mu4e", "gnus"];
  const order = fc.shuffledSubarray(programs, { minLength: programs.length });
  const file = fc.oneof(
    fc.constantFrom(...ODD_FILES.map(([, text]) => text)),
    fc
      .array(fc.constantFrom("a", "\n", "\r\n", "\r", " ", "\t", "#", "\u00e9", "\u00ef\u00bb\u00bf"))
      .map((parts) => parts.join("")),
  );
  const places = fc.array(fc.constantFrom("start", "end"), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(file, order, order, places, (original, into, outOf, where) => {
      let text = original;
      for (const [index, program] of into.entries())
        text = putBlock(text, block(program, undefined, { place: where[index] as "start" | "end" }), PATH);
      expect(withoutBlocks(text, PATH)).toBe(original);
      for (const program of outOf) text = takeOutBlock(text, program, PATH);
      expect(text).toBe(original);
    }),
    { numRuns: 2000 },
  );
});

describe("damaged marks are refused, naming the file and the line", () => {
  const [opening = "", closing = ""] = putBlock("", block("mbsync"), PATH).match(/^# (?:>>>|<<<).*\n/gm) ?? [];
  test.each([
    ["a beginning without an end", `a\n${opening}b\n`, 2],
    ["an end without a beginning", `a\nb\n${closing}`, 3],
    ["a beginning within a block", `${opening}${opening.replace("mbsync", "msmtp")}${closing}`, 1],
    ["the end of another block", `${opening}${closing.replace("mbsync", "msmtp")}`, 2],
    ["a second block of the same program", `${opening}${closing}${opening}${closing}`, 3],
  ])("%s", (_, text, line) => {
    for (const read of [findBlocks, withoutBlocks, (each: string) => putBlock(each, block("mbsync"), PATH)])
      expect(() => read(text, PATH)).toThrow(`${PATH}: line ${line}: `);
  });

  test("UTF-16, which would come out garbled", () => {
    expect(() => putBlock("\u00ff\u00fea\0", block("mbsync"), PATH)).toThrow("UTF-16");
  });
});
