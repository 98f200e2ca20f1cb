import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { joinWords, splitWords } from "../../src/mutt-oauth2/shlex.ts";
import { maySkip } from "../vault/support.ts";
import { runProgram } from "./world.ts";

const PYTHON = `
import json, shlex, sys
def split(line):
    try: return shlex.split(line)
    except ValueError: return None
print(json.dumps([split(line) for line in json.load(sys.stdin)]))
`;

async function pythonSplit(lines: readonly string[]): Promise<(string[] | null)[]> {
  const { stdout } = await runProgram(
    "/usr/bin/python3",
    ["-c", PYTHON],
    { PATH: "/usr/bin:/bin" },
    JSON.stringify(lines),
  );
  return JSON.parse(stdout) as (string[] | null)[];
}

describe("splitWords", () => {
  test("splits pipes as people write them", () => {
    expect(splitWords("gpg --encrypt --recipient 'Me Myself'")).toEqual([
      "gpg",
      "--encrypt",
      "--recipient",
      "Me Myself",
    ]);
    expect(splitWords(`sh -c "cat \\"$1\\"" ''`)).toEqual(["sh", "-c", 'cat "$1"', ""]);
  });

  test.skipIf(maySkip("python3"))("agrees with Python's shlex.split on any line", async () => {
    const letters = fc.constantFrom("a", "B", "-", " ", "\t", "\n", "'", '"', "\\", "#", "$", "ä", "=", "\\'", '\\"');
    const lines = fc.sample(fc.string({ unit: letters, maxLength: 14 }), { numRuns: 3000, seed: 1 });
    const expected = await pythonSplit(lines);
    for (const [index, line] of lines.entries())
      expect([line, splitWords(line) ?? null]).toEqual([line, expected[index] ?? null]);
  });

  test("reads back what joinWords wrote", () => {
    fc.assert(fc.property(fc.array(fc.string()), (words) => expect(splitWords(joinWords(words))).toEqual(words)));
  });
});
