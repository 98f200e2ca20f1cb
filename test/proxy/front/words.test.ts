import { expect, test } from "bun:test";
import { refusalWords } from "../../../src/proxy/front/words.ts";

test("what to type is told however much the server has to say, in a line that fits a reply", () => {
  const hint = "mailkey login anna@example.org";
  for (const words of ["no", "blah ".repeat(100), "\u00e4\u0000".repeat(10_000)]) {
    const said = refusalWords({ kind: "server", words, hint });
    expect(said).toEndWith(`: ${hint}`);
    expect(said).toMatch(/^[ -~]{1,410}$/);
  }
  expect(refusalWords({ kind: "needed", words: "no", hint: "x".repeat(1000) })).toMatch(/^no: x{299}\.{3}$/);
});
