import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { peerText } from "../../src/platform/text.ts";
import { Secret } from "../../src/platform/secret.ts";
import { TOKEN } from "../mail/harness.ts";

const redact = (text: string) => peerText(text, 300, [new Secret(TOKEN)]);

describe("a peer's words, with secrets to take out,", () => {
  test("lose the token, pieces of it, and its base64 and URL forms", () => {
    expect(redact(`a ${TOKEN} b`)).toBe("a [redacted] b");
    expect(redact(`a ${TOKEN.slice(5, 13)} b`)).toBe("a [redacted] b");
    expect(redact(`a ${Buffer.from(TOKEN).toString("base64")} b`)).toBe("a [redacted] b");
    expect(redact(`a ${encodeURIComponent(TOKEN)} b`)).toBe("a [redacted] b");
  });

  test("lose what control characters cut in two", () => {
    expect(redact(`${TOKEN.slice(0, 20)}\r\n${TOKEN.slice(20, 40)}`)).toBe("[redacted] [redacted]");
  });

  test("lose two pieces and leaves what is between", () => {
    expect(redact(`${TOKEN.slice(0, 10)} and ${TOKEN.slice(30, 45)}.`)).toBe("[redacted] and [redacted].");
  });

  test("lose a token shorter than a piece", () => {
    expect(peerText("x abc y", 100, [new Secret("abc")])).toBe("x [redacted] y");
  });

  test("keep other words alone, on one line, without control characters, cut at a bound", () => {
    expect(redact("535 5.7.3 Authentication\u001b[2J unsuccessful\r\n")).toBe(
      "535 5.7.3 Authentication [2J unsuccessful",
    );
    expect(redact("x".repeat(5000)).length).toBeLessThanOrEqual(300);
  });

  test("are cut after redacting, so that no piece is left at the end", () => {
    expect(redact(`${"y ".repeat(145)}${TOKEN}`)).not.toContain(TOKEN.slice(0, 8));
  });

  test("keep no eight characters of the token, whatever is around it", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.nat(TOKEN.length), fc.nat(TOKEN.length)).map(([from, to]) => TOKEN.slice(from, to)),
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const shown = redact(parts.join(""));
        for (let at = 0; at + 8 <= TOKEN.length; at++) expect(shown.includes(TOKEN.slice(at, at + 8))).toBe(false);
      }),
    );
  });
});
