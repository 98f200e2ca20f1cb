import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Passage } from "../../../src/proxy/front/front.ts";
import { PopPassage } from "../../../src/proxy/front/pop-passage.ts";
import { SmtpPassage } from "../../../src/proxy/front/smtp-passage.ts";
import { pieces } from "./conversation.ts";
import { SIZES } from "./known.ts";

/** `C: …` is the client's, everything else the server's; lines without their ends, except that `…` at the end leaves it open. */
function follow(passage: Passage, conversation: readonly string[], sizes: readonly number[] = [1000]): void {
  for (const line of conversation) {
    const text = line.endsWith("…") ? line.slice(0, -1) : `${line}\r\n`;
    for (const piece of pieces(text.replace(/^C: /, ""), sizes)) {
      const bytes = Buffer.from(piece, "latin1");
      if (line.startsWith("C: ")) passage.sent?.(bytes);
      else expect(passage.pass(bytes)).toBe(bytes);
    }
  }
}

/** Whether something can be said at the end of the conversation, however it is cut. */
function mayBeSaid(create: () => Passage, conversation: readonly string[]): boolean {
  const outcomes = [[1], [2], [3, 1], [1000]].map((sizes) => {
    const passage = create();
    follow(passage, conversation, sizes);
    return passage.farewell("upstream") !== undefined;
  });
  expect(new Set(outcomes).size).toBe(1);
  return outcomes[0] ?? false;
}

describe("an SMTP passage", () => {
  const smtp = () => new SmtpPassage();

  test("ends with 421, and says why", () => {
    expect(smtp().farewell("upstream")).toBe("421 4.3.0 the mail server has ended the connection\r\n");
    expect(smtp().farewell("stopping")).toBe("421 4.3.2 the proxy is stopping\r\n");
  });

  test.each([
    [[]],
    [["250 2.1.0 OK"]],
    [["250-one", "250 two"]],
    [["250"]],
    [["354 go ahead"]],
    [["550 5.1.1 221 not in here"]],
    [["250 OK", "421-unlike goodbyes", "250 OK"]],
  ])("does so between replies: %j", (conversation) => {
    expect(mayBeSaid(smtp, conversation)).toBe(true);
  });

  test.each([
    [["250 2.1…"]],
    [["2…"]],
    [["250 OK\r…"]],
    [["250-one"]],
    [["250 OK", "250-one", "250-two"]],
    [["221 2.0.0 bye"]],
    [["221"]],
    [["250 OK", "421 4.4.2 too slow"]],
  ])("is silent within one, and after the server's own goodbye: %j", (conversation) => {
    expect(mayBeSaid(smtp, conversation)).toBe(false);
  });
});

describe("a POP3 passage", () => {
  const pop = () => new PopPassage();

  test("ends with -ERR, and says why", () => {
    expect(pop().farewell("upstream")).toBe("-ERR [SYS/TEMP] the mail server has ended the connection\r\n");
  });

  test.each([
    [[]],
    [["C: STAT"]],
    [["C: STAT", "+OK 2 320"]],
    [["C: RETR 1"]],
    [["C: RETR 1", "-ERR no such message"]],
    [["C: RETR 1", "+OK", "Subject: x", "", "-ERR", "..", ".x", "."]],
    [["C: LIST", "+OK", "."]],
    [["C: LIST 1", "+OK 1 120"]],
    [["C: list ", "+OK", "1 120", "."]],
    [["C: TOP 1 0", "+OK", "", ".", "C: UIDL 1", "+OK 1 abc"]],
    [["C: CAPA", "+OK", "TOP", "."]],
    [["C: UIDL", "C: RETR 1", "C: DELE 1", "+OK", "1 abc", ".", "+OK", "x", ".", "+OK gone"]],
    [["C: QUIT"]],
    [["C: QU…"]],
  ])("does so between replies: %j", (conversation) => {
    expect(mayBeSaid(pop, conversation)).toBe(true);
  });

  test.each([
    [["C: STAT", "+O…"]],
    [["C: RETR 1", "+OK 120 octets"]],
    [["C: retr 1", "+OK 120 octets", "Subject: x", ""]],
    [["C: RETR 1", "+OK", "text", ".."]],
    [["C: RETR 1", "+OK", "text\n.\n…"]],
    [["C: RETR 1", "+OK", "text\n."]],
    [["C: RETR 1", "+OK", "text", ".\r…"]],
    [["C: LIST", "+OK 2 messages", "1 120"]],
    [["C: CAPA", "C: STAT", "+OK", "TOP"]],
    [["C: DELE 1", "C: RETR 2", "+OK gone", "+OK", "text"]],
    [["C: QUIT", "+OK bye"]],
    [["C: QUIT", "-ERR some are still there"]],
    [["-ERR [SYS/TEMP] too long without a word"]],
    [["C: STAT", "+OK 0 0", "+OK what nobody asked for"]],
  ])("is silent where it would be taken for a message, and after the server's own goodbye: %j", (conversation) => {
    expect(mayBeSaid(pop, conversation)).toBe(false);
  });

  test("is silent for good when there are too many commands without an answer, and keeps no more of them", () => {
    const passage = pop();
    const commands = Buffer.from("NOOP\r\n".repeat(10_000));
    passage.sent(commands);
    expect(passage.farewell("upstream")).toBeDefined();
    passage.sent(Buffer.from("NOOP\r\n"));
    expect(passage.farewell("upstream")).toBeUndefined();
  });

  test("never speaks within a message, whatever the message is and however it is cut", () => {
    const texts = fc.string({ unit: fc.constantFrom("\r", "\n", "\r\n", ".", "+OK", "-ERR", "x"), maxLength: 40 });
    fc.assert(
      fc.property(fc.array(texts), SIZES, (messages, sizes) => {
        const passage = pop();
        for (const text of messages) {
          // As a server sends it: dots at the beginning of lines doubled, and the last line ended.
          const message = `${text}\r\n`.replace(/^\./gm, "..");
          follow(passage, ["C: RETR 1", "+OK"], sizes);
          for (const piece of pieces(`${message}.\r\n`, sizes)) {
            expect(passage.farewell("upstream")).toBeUndefined();
            passage.pass(Buffer.from(piece));
          }
          expect(passage.farewell("upstream")).toBeDefined();
        }
      }),
    );
  });
});
