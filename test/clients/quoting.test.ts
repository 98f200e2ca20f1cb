import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { addrSpec, doubleQuoted } from "../../src/clients/quoting.ts";
import { run } from "../../src/platform/process.ts";
import { shellLine } from "../../src/platform/shell.ts";

const HOSTILE = ["o'brien+$(touch x)\"\\`@ex.test", "a b", "", "$HOME", "`id`", "*", "~", "#x", "%s", "-n", "a\\", "é"];

test("a shell reads the words of shellLine as they were", async () => {
  const { stdout } = await run("/bin/sh", ["-c", `printf '<%s>' ${shellLine(HOSTILE)}`]);
  expect(new TextDecoder().decode(stdout)).toBe(HOSTILE.map((word) => `<${word}>`).join(""));
});

test("shellLine leaves harmless words alone, so that people can read them", () => {
  expect(shellLine(["/usr/bin/mailkey", "token", "you+list@hotmail.com"])).toBe(
    "/usr/bin/mailkey token you+list@hotmail.com",
  );
});

test("a shell reads what doubleQuoted wrote for its specials as it was", async () => {
  for (const word of HOSTILE) {
    const { stdout } = await run("/bin/sh", ["-c", `printf '<%s>' ${doubleQuoted(word, "$`")}`]);
    expect(new TextDecoder().decode(stdout)).toBe(`<${word}>`);
  }
});

test("without its backslashes, what doubleQuoted wrote is the text again", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(doubleQuoted(text, "$").slice(1, -1).replace(/\\(.)/gs, "$1")).toBe(text);
    }),
  );
});

test("an address is quoted for a From field when its local part is no atom", () => {
  for (const plain of ["o'brien+$`{x}#%@mail.test", "日本@mail.test", '"a\\"b"@mail.test'])
    expect(addrSpec(plain)).toBe(plain);
  expect(addrSpec('a,b"(c)@mail.test')).toBe('"a,b\\"(c)"@mail.test');
});
