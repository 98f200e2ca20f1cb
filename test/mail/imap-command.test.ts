import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ImapCommandReader } from "../../src/mail/imap-command.ts";
import { pieces } from "../proxy/front/conversation.ts";

const LIMIT = 200;
const SIZES = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

/** What is read of a text (Latin-1), secrets in the clear. */
function read(text: string, inPieces: readonly string[] = [text]): unknown[] {
  const reader = new ImapCommandReader(LIMIT);
  const seen: unknown[] = [];
  for (const piece of inPieces) {
    const bytes = Buffer.from(piece, "latin1");
    reader.push(bytes);
    bytes.fill(0); // what is kept has been copied
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      seen.push(plain(next));
      if (next.kind === "lost") return seen;
    }
  }
  return seen;
}

function plain(decoded: ReturnType<ImapCommandReader["next"]>): unknown {
  if (decoded?.kind !== "command") return decoded;
  const { command } = decoded;
  if (command.name === "LOGIN") return { ...command, password: command.password.reveal() };
  if (command.name === "AUTHENTICATE") return { ...command, initialResponse: command.initialResponse?.reveal() };
  return command;
}

const login = (user: string, password: string, tag = "a") => ({ name: "LOGIN", tag, user, password });
const bad = (why: string, tag = "a") => ({ kind: "bad", tag, why });
const LITERAL = { kind: "literal", tag: "a" } as const;

describe("LOGIN is read", () => {
  for (const [how, text, expected] of [
    ["as atoms", "a LOGIN anna@example.com s3cr%t*\r\n", login("anna@example.com", "s3cr%t*")],
    ["in any case, with LF only", "a login anna x\n", login("anna", "x")],
    ["quoted", 'a LOGIN "anna b" "p w"\r\n', login("anna b", "p w")],
    ["quoted with escapes", String.raw`a LOGIN "a\"b" "\\\""` + "\r\n", login('a"b', '\\"')],
    ["quoted, empty", 'a LOGIN "" ""\r\n', login("", "")],
    ["quoted with what looks like a literal", 'a LOGIN "{5}" "{3+}"\r\n', login("{5}", "{3+}")],
    ["in UTF-8", 'a LOGIN "J\xc3\xbcrgen" "\xe2\x82\xac"\r\n', login("Jürgen", "€")],
    ["in what is not UTF-8, as no password ever is", 'a LOGIN anna "\xff"\r\n', login("anna", "\ufffd")],
    ["with spaces at its end", "a LOGIN anna x  \r\n", login("anna", "x")],
    ["with LITERAL+", "a LOGIN {4+}\r\nanna {3+}\r\na b\r\n", login("anna", "a b")],
    ["with LITERAL-", "a LOGIN {4-}\r\nanna {0-}\r\n\r\n", login("anna", "")],
    ["with line ends in a literal", "a LOGIN {4+}\r\nanna {7+}\r\na\r\nb\r\nc\r\n", login("anna", "a\r\nb\r\nc")],
    ["with an atom and a literal", "a LOGIN anna {3+}\r\nxyz\r\n", login("anna", "xyz")],
    ["with the oddest of tags", "]&'!.9 LOGIN anna x\r\n", login("anna", "x", "]&'!.9")],
  ] as const)
    test(how, () => {
      expect(read(text)).toEqual([expected]);
    });

  test("with synchronising literals, each asked for before it comes", () => {
    expect(read("a LOGIN {4}\r\n")).toEqual([LITERAL]);
    expect(read("a LOGIN {4}\r\nanna {3}\r\n")).toEqual([LITERAL, LITERAL]);
    expect(read("a LOGIN {4}\r\nanna {3}\r\nx y\r\n")).toEqual([LITERAL, LITERAL, login("anna", "x y")]);
    expect(read("a LOGIN anna {3}\r\nx y\r\n")).toEqual([LITERAL, login("anna", "x y")]);
  });

  test("and not when it is not what RFC 9051 allows", () => {
    const broken = [
      "",
      " anna",
      " anna ",
      "  anna x",
      " anna x y",
      " anna x\ty",
      ' "anna" "x',
      ' "an\\na" x',
      ' "a"x y',
      " (anna) x",
      " ann\xe4 x",
      " {1+}\r\na{1+}\r\nb",
      " {2+}\r\na\0 x",
      " {1+}\r\na {1+}\r\nb c",
    ];
    for (const text of broken)
      expect({ text, seen: read(`a LOGIN${text}\r\n`) }).toEqual({
        text,
        seen: [bad("LOGIN takes a user name and a password")],
      });
  });
});

test("AUTHENTICATE is read with an initial response, with an empty one, and without", () => {
  const authenticate = (initialResponse: string | undefined) => ({
    name: "AUTHENTICATE",
    tag: "a",
    mechanism: "PLAIN",
    initialResponse,
  });
  expect(read("a AUTHENTICATE PLAIN\r\n")).toEqual([authenticate(undefined)]);
  expect(read("a authenticate plain AGEAYg==\r\n")).toEqual([authenticate("AGEAYg==")]);
  expect(read("a AUTHENTICATE PLAIN =\r\n")).toEqual([authenticate("")]);
  for (const text of ["a AUTHENTICATE", "a AUTHENTICATE ", "a AUTHENTICATE PLAIN x y", "a AUTHENTICATE PL/AIN"])
    expect(read(`${text}\r\n`)).toEqual([bad("AUTHENTICATE takes a mechanism")]);
});

test("commands without arguments are read, ID with any, and all others by tag only", () => {
  for (const name of ["CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "ID"])
    expect(read(`a ${name.toLowerCase()}\r\n`)).toEqual([{ name, tag: "a" }]);
  expect(read("a NOOP now\r\n")).toEqual([bad("NOOP takes no arguments")]);
  expect(read('a ID ("name" {3}\r\nfoo "x" NIL)\r\n')).toEqual([LITERAL, { name: "ID", tag: "a" }]);
  expect(read('a SELECT "INBOX"\r\nb X-1\r\n')).toEqual([{ name: "other", tag: "a" }, bad("there is no command", "b")]);
});

test("what is no command is refused, and the next one is read", () => {
  const next = { name: "NOOP", tag: "z" };
  for (const [text, refused] of [
    ["\r\n", bad("a command begins with a tag", "*")],
    ["+ NOOP\r\n", bad("a command begins with a tag", "*")],
    ["(a) NOOP\r\n", bad("a command begins with a tag", "*")],
    [`${"a".repeat(129)} NOOP\r\n`, bad("a command begins with a tag", "*")],
    ["\xe4 NOOP\r\n", bad("a command begins with a tag", "*")],
    ["( LOGIN {5}\r\n", bad("a command begins with a tag", "*")],
    ["a\r\n", bad("there is no command")],
    ["a  NOOP\r\n", bad("there is no command")],
    ["a N\xd6OP\r\n", bad("there is no command")],
    ["a NOOP\r\r\n", bad("control characters")],
    ["a SELECT b\rx LOGOUT\r\n", bad("control characters")],
  ] as const)
    expect({ text, seen: read(`${text}z NOOP\r\n`) }).toEqual({ text, seen: [refused, next] });
});

describe("a literal is refused", () => {
  const next = { name: "NOOP", tag: "z" };

  test("without being asked for when it is too long: it will not be sent", () => {
    for (const bytes of [LIMIT + 1, 99_999_999_999, `9${"0".repeat(50)}`])
      expect(read(`a LOGIN {${bytes}}\r\nz NOOP\r\n`)).toEqual([bad("the literal is too long"), next]);
  });

  test("without being asked for where a command takes none", () => {
    expect(read("a APPEND INBOX {5}\r\nz NOOP\r\n")).toEqual([bad("no literal can be sent here"), next]);
  });

  test("and read over where it comes unasked", () => {
    const text = "a APPEND INBOX {17+}\r\nx LOGIN anna x\r\n {3+}\r\nabc\r\nz NOOP\r\n";
    expect(read(text)).toEqual([bad("no literal can be sent here"), next]);
  });

  test("for good when it comes unasked and is too long", () => {
    expect(read(`a LOGIN {${LIMIT + 1}+}\r\nz NOOP\r\n`)).toEqual([
      { kind: "lost", why: `a literal of ${LIMIT + 1} bytes is too long` },
    ]);
  });

  test("when a command has too many of them", () => {
    const literal = `{${LIMIT}+}\r\n${"x".repeat(LIMIT)} `;
    const seen = read(`a ID ${literal.repeat(5)}\r\n`);
    expect(seen).toEqual([{ kind: "lost", why: `a literal of ${LIMIT} bytes is too long` }]);
  });
});

test("a literal that is refused leaves nothing of its command", () => {
  const reader = new ImapCommandReader(LIMIT);
  reader.push(Buffer.from("a LOGIN anna {3}\r\n"));
  expect(reader.next()).toEqual(LITERAL);
  reader.refuseLiteral();
  reader.push(Buffer.from("z NOOP\r\n"));
  expect(reader.next()).toEqual({ kind: "command", command: { name: "NOOP", tag: "z" } });
});

test("a line of the allowed length is read, and one byte more is the end, before the line has ended", () => {
  const longest = `a ID ${"x".repeat(LIMIT - "a ID \r\n".length)}\r\n`;
  expect(read(longest)).toEqual([{ name: "ID", tag: "a" }]);
  expect(read("x".repeat(LIMIT))).toEqual([]);
  const lost = [{ kind: "lost", why: `a line is longer than ${LIMIT} bytes` }];
  expect(read("x".repeat(LIMIT + 1))).toEqual(lost);
  expect(read(`x${longest}`)).toEqual(lost);
});

test("an endless line is not kept, however little of it is sent at a time", () => {
  const reader = new ImapCommandReader(LIMIT);
  let sent = 0;
  while (reader.next() === undefined) {
    expect(reader.pendingBytes).toBe(sent);
    reader.push(Buffer.from("x"));
    sent += 1;
  }
  expect(sent).toBe(LIMIT + 1);
});

test("what comes behind a command is left, and can be taken once", () => {
  const reader = new ImapCommandReader(LIMIT);
  reader.push(Buffer.from("a LOGIN anna x\r\nb SELECT INBOX\r\n\xff", "latin1"));
  expect(reader.next()?.kind).toBe("command");
  expect(Buffer.from(reader.takeRest()).toString("latin1")).toBe("b SELECT INBOX\r\n\xff");
  expect(reader.takeRest()).toHaveLength(0);
  expect(reader.next()).toBeUndefined();
});

test("the same is read however the bytes are cut", () => {
  const words = fc.constantFrom(
    ...'a LOGIN |anna |x\r\n|{4}\r\n|{4+}\r\n|{0-}\r\n|"a b" |\\|"|\r\n|\n|\r|\0|NOOP\r\n|a AUTHENTICATE PLAIN |=|a ID ('.split(
      "|",
    ),
    "{201}\r\n",
    "{9+}\r\n",
    "\xe4",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 30 }), SIZES, (parts, sizes) => {
      const text = parts.join("");
      const whole = read(text);
      expect(read(text, pieces(text, sizes))).toEqual(whole);
      expect(read(text, pieces(text, [1]))).toEqual(whole);
    }),
    { numRuns: 2000 },
  );
});

test("any user name and password come out as they went in, quoted and as literals", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 30 }).map((any) => any.replace(/[\0\r\n]/g, "").toWellFormed());
  const latin1 = (any: string) => Buffer.from(any, "utf8").toString("latin1");
  const quoted = (any: string) => `"${latin1(any).replace(/["\\]/g, "\\$&")}"`;
  const literal = (any: string) => `{${Buffer.byteLength(any)}+}\r\n${latin1(any)}`;
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom(quoted, literal),
      fc.constantFrom(quoted, literal),
      (user, password, one, other) => {
        fc.pre(Buffer.byteLength(user + password) * 2 + 50 < LIMIT);
        expect(read(`a LOGIN ${one(user)} ${other(password)}\r\n`)).toEqual([login(user, password)]);
      },
    ),
  );
});
