import { describe, expect, test } from "bun:test";
import { isClientName, parseSmtpCommand } from "../../src/mail/smtp-command.ts";

describe("an SMTP command", () => {
  test.each([
    ["NOOP", "NOOP", ""],
    ["noop  ", "NOOP", ""],
    ["mail FROM:<Anna@example.com> SIZE=1 ", "MAIL", "FROM:<Anna@example.com> SIZE=1"],
    ["EHLO   a.b", "EHLO", "a.b"],
    ["", "", ""],
    [" NOOP", "", ""],
    ["NO\0OP x", "", ""],
    ["NOOP\tx", "", ""],
    ["DATA\r\nMAIL", "", ""],
  ])("%j is %j with %j", (line, verb, argument) => {
    expect(parseSmtpCommand(line)).toEqual({ verb, argument });
  });
});

describe("a client's name", () => {
  test.each([
    "localhost",
    "a",
    "1a",
    "mail.example.com",
    "xn--bcher-kva.example",
    "3.example",
    "[127.0.0.1]",
    "[IPv6:::1]",
  ])("may be %j", (name) => {
    expect(isClientName(name)).toBe(true);
  });

  test.each([
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "-a",
    "a-",
    "a_b",
    "a b",
    "127.0.0.1",
    "7",
    "[]",
    "[::1]",
    "[127.0.0.1] x",
    "bücher",
    "a\n",
  ])("may not be %j", (name) => {
    expect(isClientName(name)).toBe(false);
  });

  test("is no longer than a domain may be, and is judged in no time", () => {
    const half = "a.".repeat(127);
    expect(isClientName(`${half}a`)).toBe(true);
    expect(isClientName(`${half}ab`)).toBe(false);
    expect(isClientName(`${"a".repeat(63)}.b`)).toBe(true);
    expect(isClientName(`${"a".repeat(64)}.b`)).toBe(false);
    expect(isClientName("a-".repeat(1_000_000))).toBe(false);
  });
});
