import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { Secret } from "../../src/platform/secret.ts";
import { peerText } from "../../src/platform/text.ts";

describe("a peer's words", () => {
  test("lose escape sequences, line breaks and direction overrides", () => {
    expect(peerText("a\u001b[31mred\r\nb\u202ec\u009b1md\u061ce", 100)).toBe("a [31mred b c 1md e");
  });

  test("are cut to the length asked for", () => {
    expect(peerText("x".repeat(500), 10)).toBe(`${"x".repeat(9)}…`);
  });

  test("are not looked at beyond some times that length, and said to have been cut", () => {
    const secret = new Secret("to+ken/1");
    expect(peerText(`${"to+ken/1 ".repeat(20)}end`, 100, [secret])).not.toMatch(/to|ken|end/);
    expect(peerText(`a${" ".repeat(1000)}b`, 100, [secret])).toBe("a…");
  });

  test("lose our secrets, also in their URL-encoded form", () => {
    expect(peerText("got to+ken/1 and to%2Bken%2F1", 100, [new Secret("to+ken/1")])).toBe(
      "got [redacted] and [redacted]",
    );
  });
});

describe("a secret", () => {
  const secret = new Secret("hunter22");

  test("does not print itself in any usual way", () => {
    const seen = [
      // oxlint-disable-next-line typescript/restrict-template-expressions -- what must not happen in a template is what is tested
      `${secret}`,
      secret.toString(),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { secret } }),
      Bun.inspect(secret),
      inspect(new Error("x", { cause: secret })),
    ];
    expect(seen.join(" ")).not.toContain("hunter");
  });

  test("is given to who asks for it", () => {
    expect(secret.reveal()).toBe("hunter22");
  });
});
