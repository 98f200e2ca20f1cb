import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseWords, type Flag } from "../../src/mutt-oauth2/argparse.ts";
import { parseCommandLine } from "../../src/mutt-oauth2/command-line.ts";
import { maySkip } from "../vault/support.ts";
import { runProgram, scriptCopies } from "./world.ts";

const FLAGS: readonly Flag[] = [
  { long: "verbose", short: "v", summary: "" },
  { long: "debug", short: "d", summary: "" },
  { long: "authorize", short: "a", summary: "" },
  { long: "authflow", value: "AUTHFLOW", summary: "" },
  { long: "format", value: "FORMAT", choices: ["token", "sasl", "msasl"], summary: "" },
  { long: "output", short: "o", value: "OUTPUT", summary: "" },
  { long: "decryption-pipe", value: "PIPE", summary: "" },
];

/** The same parser in Python; `null` stands for exit status 2, `"help"` for help. */
const PYTHON = `
import argparse, contextlib, io, json, sys
ap = argparse.ArgumentParser(prog='p')
ap.add_argument('-v', '--verbose', action='store_true')
ap.add_argument('-d', '--debug', action='store_true')
ap.add_argument('-a', '--authorize', action='store_true')
ap.add_argument('--authflow')
ap.add_argument('--format', choices=['token', 'sasl', 'msasl'])
ap.add_argument('-o', '--output')
ap.add_argument('--decryption-pipe')
ap.add_argument('tokenfile')
def parse(words):
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try: return vars(ap.parse_args(words))
        except SystemExit as e: return 'help' if e.code == 0 else None
print(json.dumps([parse(words) for words in json.load(sys.stdin)]))
`;

async function pythonParse(lines: readonly (readonly string[])[]): Promise<unknown[]> {
  const { stdout } = await runProgram(
    "/usr/bin/python3",
    ["-c", PYTHON],
    { PATH: "/usr/bin:/bin" },
    JSON.stringify(lines),
  );
  return JSON.parse(stdout) as unknown[];
}

function ourParse(words: readonly string[]): unknown {
  const parsed = parseWords(words, FLAGS);
  if (parsed.kind === "help") return "help";
  if (parsed.kind === "error" || parsed.positionals.length !== 1) return null;
  const text = (name: string) => parsed.flags.get(name) ?? null;
  return {
    verbose: parsed.flags.has("verbose"),
    debug: parsed.flags.has("debug"),
    authorize: parsed.flags.has("authorize"),
    authflow: text("authflow"),
    format: text("format"),
    output: text("output"),
    decryption_pipe: text("decryption-pipe"),
    tokenfile: parsed.positionals[0],
  };
}

describe("parseWords", () => {
  test.skipIf(maySkip("python3"))("agrees with Python's argparse on any mixture of words", async () => {
    const word = fc.constantFrom(
      ..."-v -d -a -vd -va -vx -o -ofile -o=file -vofile -vo --verbose --verb --v --d --de --debug --dec --decryption-pipe".split(
        " ",
      ),
      ..."--auth --authf --authflow --authflow=x --authflow= --authorize --format --format=sasl --form=no sasl file other".split(
        " ",
      ),
      ..."- -1 -1.5 --unknown -x --verbose=1 -v=1".split(" "),
      "",
      "-x y",
      "--x y",
      "-o two words",
      "--authflow=two words",
    );
    const lines = fc.sample(fc.array(word, { maxLength: 5 }), { numRuns: 4000, seed: 2 });
    const expected = await pythonParse(lines);
    for (const [index, words] of lines.entries()) expect([words, ourParse(words)]).toEqual([words, expected[index]]);
  });

  // What argparse does with "--" between arguments differs from one Python to the next.
  test("takes everything after -- for arguments", () => {
    expect(ourParse(["-v", "--", "-x"])).toMatchObject({ verbose: true, tokenfile: "-x" });
  });
});

describe("parseCommandLine", () => {
  test("explains misuse with usage and reason, and leaves the choices of flags to nobody else", () => {
    expect(parseCommandLine([], "p")).toEqual({
      kind: "error",
      text: "usage: p [flags] tokenfile\np: error: the following arguments are required: tokenfile\n",
    });
    expect(parseCommandLine(["--auth", "f"], "p")).toMatchObject({ kind: "error" });
    expect(parseCommandLine(["--decryption-pipe", "gpg 'x", "f"], "p")).toMatchObject({ kind: "error" });
    expect(parseCommandLine(["--provider", "yahoo", "f"], "p")).toMatchObject({ kind: "error" });
    expect(parseCommandLine(["-h"], "p")).toMatchObject({ kind: "help" });
  });

  test.each(scriptCopies())("knows every flag of $name", ({ text }) => {
    const flags = [...text.matchAll(/ap\.add_argument\(([^)]*)/g)].flatMap(([, call = ""]) =>
      [...call.matchAll(/'(--?[\w-]+)'/g)].map(([, flag = ""]) => flag),
    );
    expect(flags.length).toBeGreaterThanOrEqual(9);
    for (const flag of flags) {
      const values = ["token", "imap", "google", undefined];
      const accepted = values.some(
        (value) => parseCommandLine(value === undefined ? [flag, "f"] : [flag, value, "f"], "p").kind === "arguments",
      );
      expect([flag, accepted]).toEqual([flag, true]);
    }
  });
});
