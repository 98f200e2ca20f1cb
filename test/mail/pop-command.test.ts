import { describe, expect, test } from "bun:test";
import { hasMultilineReply, parsePopCommand } from "../../src/mail/pop-command.ts";

describe("a POP3 command", () => {
  test.each([
    ["stat", "STAT", ""],
    ["USER anna", "USER", "anna"],
    ["PASS  two  words ", "PASS", " two  words "],
    ["PASS", "PASS", ""],
    ["PASS ", "PASS", ""],
    ["", "", ""],
    [" STAT", "", ""],
    ["ST\0AT", "", ""],
    ["PASS\tx", "", ""],
  ])("%j is %j with %j", (line, keyword, argument) => {
    expect(parsePopCommand(line)).toEqual({ keyword, argument });
  });

  test("has a reply of many lines when it is about a whole message, or about all messages", () => {
    const replies = (lines: readonly string[]) => lines.map((line) => hasMultilineReply(parsePopCommand(line)));
    expect(replies(["RETR 1", "top 1 0", "CAPA", "LIST", "list ", "UIDL", "LANG", "AUTH"])).toEqual(
      Array(8).fill(true),
    );
    expect(replies(["LIST 1", "UIDL 1", "LANG de", "STAT", "DELE 1", "NOOP", "RSET", "QUIT", "UTF8", ""])).toEqual(
      Array(10).fill(false),
    );
  });
});
