import { describe, expect, test } from "bun:test";
import { constants, createDeflateRaw } from "node:zlib";
import * as fc from "fast-check";
import { ImapPassage } from "../../../src/proxy/front/imap-passage.ts";
import { pieces } from "./conversation.ts";
import { SIZES } from "./known.ts";

/** What comes out, and what is still held. Latin-1. */
function passed(text: string, sizes: readonly number[] = [text.length]): { out: string; held: number } {
  const passage = new ImapPassage();
  const out = pieces(text, sizes).map((piece) => {
    const bytes = Buffer.from(piece, "latin1");
    const some = Buffer.from(passage.pass(bytes));
    bytes.fill(0); // what is held has been copied
    return some.toString("latin1");
  });
  return { out: out.join(""), held: passage.heldBytes };
}

/** @returns what comes out, the same in all ways to cut it */
function through(text: string): string {
  const [whole, ...others] = [[text.length], [1], [2], [5, 1]].map((sizes) => passed(text, sizes));
  for (const other of others) expect(other).toEqual(whole ?? { out: "", held: 0 });
  return whole?.out ?? "";
}

describe("an IMAP passage takes out what is the proxy's own matter", () => {
  for (const [where, given, expected] of [
    ["of a list", "* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE SASL-IR\r\n", "* CAPABILITY IMAP4rev1 IDLE\r\n"],
    ["of a list of nothing else", "* CAPABILITY AUTH=A STARTTLS\r\n", "* CAPABILITY\r\n"],
    ["of a list in any case", "* capability X auth=y LoginDisabled Z\r\n", "* capability X Z\r\n"],
    ["of a list that ends with LF", "* CAPABILITY A STARTTLS\n", "* CAPABILITY A\n"],
    ["of a code", "* OK [CAPABILITY A UNAUTHENTICATE B] AUTH=X ok\r\n", "* OK [CAPABILITY A B] AUTH=X ok\r\n"],
    ["of a command's end", "a1 OK [CAPABILITY AUTH=X A] STARTTLS\r\n", "a1 OK [CAPABILITY A] STARTTLS\r\n"],
    ["of a refusal", "x.1 NO [CAPABILITY A SASL-IR] no\r\n", "x.1 NO [CAPABILITY A] no\r\n"],
    ["of a command of that name", "CAPABILITY OK [CAPABILITY AUTH=X A] x\r\n", "CAPABILITY OK [CAPABILITY A] x\r\n"],
    [
      "behind a literal",
      "* LIST () {3}\r\nA\r\n\r\n* CAPABILITY A AUTH=X\r\n",
      "* LIST () {3}\r\nA\r\n\r\n* CAPABILITY A\r\n",
    ],
    ["behind an empty literal", "* X {0}\r\n\r\n* CAPABILITY A AUTH=X\r\n", "* X {0}\r\n\r\n* CAPABILITY A\r\n"],
    [
      "behind words that end as a literal's line does",
      "* OK x {99}\r\n* CAPABILITY A AUTH=X\r\n",
      "* OK x {99}\r\n* CAPABILITY A\r\n",
    ],
  ] as const)
    test(where, () => {
      expect(through(given)).toBe(expected);
    });
});

describe("an IMAP passage leaves alone", () => {
  for (const [what, text] of [
    ["lists of nothing that is the proxy's", "* CAPABILITY IMAP4rev1 LITERAL+ XAUTH=Y MYSTARTTLS STARTTLSX\r\n"],
    ["double spaces", "* CAPABILITY  A  B \r\na OK [CAPABILITY  A ]  x\r\n"],
    ["literals", "* 1 FETCH (BODY[] {35}\r\n\r\n* CAPABILITY A AUTH=X STARTTLS B\r\n)\r\n"],
    ["binary literals", "* 1 FETCH (BINARY[1] ~{26}\r\n\r\n* OK [CAPABILITY AUTH=A]\r\n)\r\n"],
    ["a second literal in a line", "* LIST () {1}\r\nx {22}\r\n\n* CAPABILITY A AUTH=X\n\r\n"],
    ["other data", "* 3 EXISTS\r\n* CAPABILITIES A AUTH=X\r\n* NAMESPACE CAPABILITY AUTH=X\r\n"],
    ["other words", "* OK [ALERT] CAPABILITY A AUTH=X\r\na OK [COPYUID 1 2 3] [CAPABILITY AUTH=X]\r\n"],
    ["requests", "+ * CAPABILITY AUTH=X\r\n+\r\n"],
    ["lists that never end", `* CAPABILITY ${"A ".repeat(5000)} AUTH=X\r\n`],
  ] as const)
    test(what, () => {
      expect(passed(text)).toEqual({ out: text, held: 0 });
      expect(through(text)).toBe(text);
    });
});

describe("an IMAP passage", () => {
  test("gives the very same piece where nothing has to go", () => {
    const passage = new ImapPassage();
    const piece = (text: string) => Buffer.from(text, "latin1");
    const literal = Buffer.alloc(65_536, "* CAPABILITY A AUTH=X\r\n");
    for (const bytes of [
      piece("* CAPABILITY A B\r\n* 1 EXISTS\r\n"),
      piece("* 1 FETCH (BODY[] {131072}\r\n"),
      literal,
      literal,
      piece(")\r\na OK done\r\n"),
    ])
      expect(passage.pass(bytes)).toBe(bytes);
  });

  test("holds back nothing but the beginning of what may become a list", () => {
    for (const [text, held] of [
      ["* 1 EXIS", 0],
      ["* 1 EXISTS\r\n* ", 2],
      ["* CAPABILITY A B", 16],
      ["* L", 0],
      ["a1", 2],
      ["a1 OK [CAP", 10],
      ["a1 OK [CAPABILITY A AUTH=", 25],
      ["a1 OK do", 0],
      ["a".repeat(128), 128],
      ["a".repeat(129), 0],
      ["+ id", 0],
      ["* 1 FETCH (X {100}\r\n* CAPABILITY A", 0],
    ] as const)
      expect({ text, ...passed(text) }).toEqual({ text, out: text.slice(0, text.length - held), held });
  });

  test("holds back no more than 8 kB of a list that does not end, nor of a tag", () => {
    for (const beginning of ["* CAPABILITY ", "a OK [CAPABILITY ", ""]) {
      const passage = new ImapPassage();
      let [sent, out, most] = [0, 0, 0];
      for (const text of pieces(beginning + "x".repeat(20_000), [700])) {
        out += passage.pass(Buffer.from(text)).length;
        sent += text.length;
        most = Math.max(most, passage.heldBytes);
        expect(out + passage.heldBytes).toBe(sent);
      }
      expect(most).toBeLessThanOrEqual(8192);
      expect(passage.heldBytes).toBe(0);
    }
  });

  test("says goodbye between two lines, and nowhere else; what was held back comes out then", () => {
    const bye = "* BYE [UNAVAILABLE] the mail server has ended the connection\r\n";
    for (const [text, expected] of [
      ["", bye],
      ["* 1 EXISTS\r\n", bye],
      ["* 1 FETCH (X {3}\r\nabc)\r\n", bye],
      ["+ idling\r\n", bye],
      ["* 1 FETCH (X {3}\r\n", undefined],
      ["* 1 FETCH (X {3}\r\nab", undefined],
      ["* 1 FETCH (X {3}\r\nabc", undefined],
      ["* 1 EXISTS", undefined],
      ["* OK x", undefined],
      ["* CAPABILITY A", "* CAPABILITY A"],
      ["* OK [CAPABILITY \xff", "* OK [CAPABILITY \xff"],
      ["* BYE see you\r\n", undefined],
      ["* BYE see you\r\na OK done\r\n", undefined],
      ["\x1f\x8b\0\r\n", undefined],
      ["220 mail ready\r\n", undefined],
    ] as const)
      for (const size of [1, 1000]) {
        const passage = new ImapPassage();
        for (const piece of pieces(text, [size])) passage.pass(Buffer.from(piece, "latin1"));
        expect({ text, said: passage.farewell("upstream") }).toEqual({ text, said: expected });
      }
  });

  test("does not touch a compressed stream, and holds nothing of what the server has flushed", async () => {
    const passage = new ImapPassage();
    passage.pass(Buffer.from("c OK DEFLATE active\r\n"));
    const deflate = createDeflateRaw({ level: 9 });
    const flushed: Buffer[] = [];
    deflate.on("data", (bytes: Buffer) => flushed.push(bytes));
    for (let count = 0; count < 300; count++) {
      deflate.write(`* ${count} FETCH (FLAGS ())\r\n* CAPABILITY A AUTH=X\r\n${count} OK done ${Math.sin(count)}\r\n`);
      await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
      const bytes = Buffer.concat(flushed.splice(0));
      expect(bytes.length).toBeGreaterThan(0);
      expect(Buffer.from(passage.pass(bytes))).toEqual(bytes);
      expect(passage.heldBytes).toBe(0);
    }
    deflate.destroy();
    expect(passage.farewell("upstream")).toBeUndefined();
  });
});

/** One thing that a server says, and what the client is to get of it. */
interface Said {
  readonly given: string;
  readonly expected: string;
}

const CAPABILITIES = ["IMAP4rev1", "IDLE", "AUTH=PLAIN", "AUTH=XOAUTH2", "STARTTLS", "SASL-IR", "LOGINDISABLED", "ID"];
const KEPT = new Set(["IMAP4rev1", "IDLE", "ID"]);

function lists(before: string, after: string): fc.Arbitrary<Said> {
  return fc.array(fc.constantFrom(...CAPABILITIES), { minLength: 1, maxLength: 6 }).map((names) => ({
    given: `${before}${names.map((name) => ` ${name}`).join("")}${after}`,
    expected: `${before}${names.flatMap((name) => (KEPT.has(name) ? [` ${name}`] : [])).join("")}${after}`,
  }));
}

const CONTENT = fc
  .array(
    fc.constantFrom("* CAPABILITY A AUTH=X\r\n", "\r\n", "a OK [CAPABILITY AUTH=X] x\r\n", "{5}\r\n", "\0\xff", ")"),
  )
  .map((parts) => parts.join(""));

const SAID: fc.Arbitrary<Said> = fc.oneof(
  lists("* CAPABILITY", "\r\n"),
  lists("* OK [CAPABILITY", "] AUTH=X\r\n"),
  lists("a7 OK [CAPABILITY", "] done {7}\r\n"),
  fc.tuple(CONTENT, CONTENT).map(([one, other]) => {
    const text = `* 7 FETCH (BODY[1] {${one.length}}\r\n${one} BINARY[2] ~{${other.length}}\r\n${other} UID 3)\r\n`;
    return { given: text, expected: text };
  }),
  fc
    .constantFrom(
      "* 12 EXISTS\r\n",
      "+ go on\r\n",
      "a1 OK done\r\n",
      "* LIST (\\X) NIL CAPABILITY\r\n",
      "* OK {5}\r\n",
      "* BYE x\r\n",
    )
    .map((text) => ({ given: text, expected: text })),
);

test("of any stream only the lists of capabilities change, however the bytes are cut", () => {
  let changed = 0;
  fc.assert(
    fc.property(fc.array(SAID, { maxLength: 12 }), SIZES, (all, sizes) => {
      const [given, expected] = [all.map((one) => one.given).join(""), all.map((one) => one.expected).join("")];
      if (given !== expected) changed += 1;
      for (const ways of [[given.length], sizes, [1]]) expect(passed(given, ways)).toEqual({ out: expected, held: 0 });
    }),
    { numRuns: 1000 },
  );
  expect(changed).toBeGreaterThan(100);
});
