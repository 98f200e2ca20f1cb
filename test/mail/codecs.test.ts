import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  capabilitiesIn,
  encodeAuthenticate,
  literalLength,
  mechanismsAmong,
  parseImapResponse,
} from "../../src/mail/imap-codec.ts";
import { mechanismsInCapa, parsePopReply } from "../../src/mail/pop-codec.ts";
import { encodeAuth, mechanismsInEhlo, parseSmtpLine } from "../../src/mail/smtp-codec.ts";
import { Secret } from "../../src/platform/secret.ts";

const ANY_LINE = fc.oneof(
  fc.string(),
  fc
    .array(
      fc.constantFrom(
        "*",
        " ",
        "+",
        "OK",
        "BYE",
        "A1",
        "[CAPABILITY",
        "]",
        "{9}",
        "-ERR",
        "250",
        "-",
        "AUTH",
        "=",
        "X",
      ),
    )
    .map((words) => words.join("")),
);

describe("IMAP responses", () => {
  test("are told apart", () => {
    expect(parseImapResponse("A1 OK done")).toEqual({ kind: "tagged", tag: "A1", status: "OK", text: "done" });
    expect(parseImapResponse("a1 bad")).toEqual({ kind: "tagged", tag: "a1", status: "BAD", text: "" });
    expect(parseImapResponse("* bye now")).toEqual({ kind: "status", status: "BYE", text: "now" });
    expect(parseImapResponse("* OK")).toEqual({ kind: "status", status: "OK", text: "" });
    expect(parseImapResponse("* 3 EXISTS")).toEqual({ kind: "data", text: "3 EXISTS" });
    expect(parseImapResponse("* OKAY then")).toEqual({ kind: "data", text: "OKAY then" });
    expect(parseImapResponse("+")).toEqual({ kind: "continuation", text: "" });
    expect(parseImapResponse("+ eyJ9")).toEqual({ kind: "continuation", text: "eyJ9" });
  });

  test("are nothing when they are of another protocol", () => {
    for (const line of [
      "",
      "+OK ready",
      "220 ready",
      "HTTP/1.1 400 Bad Request",
      "A1",
      "A1 BYE now",
      "\u0016\u0003\u0001",
    ])
      expect(parseImapResponse(line)).toBeUndefined();
  });

  test("carry capabilities as data and as a response code", () => {
    for (const line of [
      "* CAPABILITY IMAP4rev1 auth=xoauth2",
      "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hi",
      "A1 OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2]",
    ]) {
      const response = parseImapResponse(line);
      const capabilities = response === undefined ? undefined : capabilitiesIn(response);
      expect(mechanismsAmong(capabilities ?? [])).toEqual(["XOAUTH2"]);
    }
    expect(capabilitiesIn({ kind: "continuation", text: "hi" })).toBeUndefined();
  });

  test("announce literals at their end only", () => {
    expect(literalLength("* X {12}")).toBe(12);
    expect(literalLength("* X {12+}")).toBe(12);
    expect(literalLength("* X {12} y")).toBeUndefined();
    expect(literalLength("* X {99999999999}")).toBeUndefined();
  });

  test("never make the parser throw", () => {
    fc.assert(
      fc.property(ANY_LINE, (line) => {
        const response = parseImapResponse(line);
        if (response !== undefined) capabilitiesIn(response);
        literalLength(line);
      }),
    );
  });
});

test("IMAP AUTHENTICATE is a secret when it holds one", () => {
  expect(encodeAuthenticate("A1", "XOAUTH2", undefined)).toBe("A1 AUTHENTICATE XOAUTH2");
  const command = encodeAuthenticate("A1", "XOAUTH2", new Secret("abcd"));
  expect(command).toBeInstanceOf(Secret);
  expect(command instanceof Secret ? command.reveal() : "").toBe("A1 AUTHENTICATE XOAUTH2 abcd");
});

describe("POP3 replies", () => {
  test("are told apart", () => {
    expect(parsePopReply("+OK 2 320")).toEqual({ kind: "ok", text: "2 320" });
    expect(parsePopReply("-ERR [AUTH] no")).toEqual({ kind: "error", text: "[AUTH] no" });
    expect(parsePopReply("+ ")).toEqual({ kind: "continuation", text: "" });
    for (const line of ["", "* OK hi", "+OKAY", "220 hi"]) expect(parsePopReply(line)).toBeUndefined();
  });

  test("list mechanisms on the SASL line, wherever it is", () => {
    expect(mechanismsInCapa(["TOP", "sasl PLAIN xoauth2", "UIDL"])).toEqual(["PLAIN", "XOAUTH2"]);
    expect(mechanismsInCapa(["SASL"])).toEqual([]);
    expect(mechanismsInCapa(["TOP", "UIDL"])).toBeUndefined();
  });

  test("never make the parser throw", () => {
    fc.assert(
      fc.property(ANY_LINE, (line) => {
        parsePopReply(line);
        mechanismsInCapa([line]);
      }),
    );
  });
});

describe("SMTP replies", () => {
  test("are told apart", () => {
    expect(parseSmtpLine("250-SIZE 100")).toEqual({ code: 250, more: true, text: "SIZE 100" });
    expect(parseSmtpLine("535 5.7.3 no")).toEqual({ code: 535, more: false, text: "5.7.3 no" });
    expect(parseSmtpLine("334")).toEqual({ code: 334, more: false, text: "" });
    for (const line of ["", "2500 x", "25", "* OK", "999 x", "250_x"]) expect(parseSmtpLine(line)).toBeUndefined();
  });

  test("list mechanisms on the AUTH line, old spelling included, and not on the greeting's", () => {
    expect(mechanismsInEhlo({ code: 250, lines: ["AUTH XOAUTH2", "SIZE 1", "auth login xoauth2"] })).toEqual([
      "LOGIN",
      "XOAUTH2",
    ]);
    expect(mechanismsInEhlo({ code: 250, lines: ["h", "AUTH=LOGIN XOAUTH2"] })).toEqual(["LOGIN", "XOAUTH2"]);
    expect(mechanismsInEhlo({ code: 250, lines: ["h", "AUTHENTICATE"] })).toEqual([]);
  });

  test("never make the parser throw", () => {
    fc.assert(
      fc.property(ANY_LINE, (line) => {
        parseSmtpLine(line);
        mechanismsInEhlo({ code: 250, lines: [line, line] });
      }),
    );
  });
});

test("SMTP AUTH carries the initial response up to 512 bytes, the line's end included", () => {
  const longest = 512 - "AUTH XOAUTH2 \r\n".length;
  expect(encodeAuth("XOAUTH2", new Secret("x".repeat(longest)))?.reveal()).toHaveLength(510);
  expect(encodeAuth("XOAUTH2", new Secret("x".repeat(longest + 1)))).toBeUndefined();
});
