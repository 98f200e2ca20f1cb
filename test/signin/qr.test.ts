import { describe, expect, test } from "bun:test";
import { encode } from "uqr";
import { drawQr, speaksUtf8 } from "../../src/signin/qr.ts";

const TEXT = "https://login.example/device?user_code=ABCD-EFGH";

/** The drawing, back to modules; true is ink. */
function inkOf(lines: readonly string[]): boolean[][] {
  return lines.flatMap((line) => {
    const characters = Array.from(line.replace(/\u001b\[[\d;]*m/g, ""));
    return [characters.map((c) => c === "█" || c === "▀"), characters.map((c) => c === "█" || c === "▄")];
  });
}

describe("the QR code", () => {
  const { data, size } = encode(TEXT, { ecc: "L", border: 2 });

  test("with colours inks the dark modules, black on white", () => {
    const lines = drawQr(TEXT, { columns: 80, utf8: true, colour: true }) ?? [];
    expect(inkOf(lines).slice(0, size)).toEqual(data);
    for (const line of lines) expect(line).toMatch(/^\u001b\[30;107m[█▀▄ ]+\u001b\[0m$/);
  });

  test("without colours inks the light modules, for a dark terminal", () => {
    const lines = drawQr(TEXT, { columns: 80, utf8: true, colour: false }) ?? [];
    expect(inkOf(lines).slice(0, size)).toEqual(data.map((row) => row.map((module) => !module)));
    expect(lines.join("")).not.toContain("\u001b");
  });

  test("is left out where the terminal is too narrow or knows no half blocks", () => {
    expect(drawQr(TEXT, { columns: size - 1, utf8: true, colour: true })).toBeUndefined();
    expect(drawQr(TEXT, { columns: size, utf8: true, colour: true })).toBeDefined();
    expect(drawQr(TEXT, { columns: 80, utf8: false, colour: true })).toBeUndefined();
  });

  test.each<[Record<string, string>, NodeJS.Platform, boolean]>([
    [{ LANG: "de_DE.UTF-8" }, "linux", true],
    [{ LC_ALL: "C", LANG: "de_DE.UTF-8" }, "linux", false],
    [{ LC_CTYPE: "en_US.utf8" }, "linux", true],
    [{}, "linux", false],
    [{}, "darwin", true],
    [{ WT_SESSION: "1" }, "win32", true],
    [{}, "win32", false],
  ])("asks the locale %p on %s whether it is UTF-8: %p", (env, platform, expected) => {
    expect(speaksUtf8(env, platform)).toBe(expected);
  });
});
