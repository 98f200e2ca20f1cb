import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bashReply, readBashLine } from "../../src/cli/completion/bash-line.ts";
import { candidatesFor } from "../../src/cli/completion/candidates.ts";
import { COMMANDS, GROUPS } from "../../src/cli/commands.ts";
import { manPage } from "../../src/cli/man-page.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
  const folder = join(context.paths.config, "accounts");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ["a@x.org.toml", "b@x.org.toml", "backup.toml", "c%0A@x.org.toml", "c%C2%9B@x.org.toml"])
    writeFileSync(join(folder, name), "not even TOML");
});
afterEach(() => context.dispose());

async function offered(...words: string[]): Promise<string | string[]> {
  const found = await candidatesFor(words.slice(0, -1), words.at(-1) ?? "", context.paths);
  return typeof found === "string" ? found : found.map(({ word }) => word);
}

describe("what is offered", () => {
  test("is every command, in the order of help, with what it does", async () => {
    expect(await offered("")).toEqual([...GROUPS.flatMap(({ names }) => names), "help"]);
    expect((await offered("")).length).toBe(Object.keys(COMMANDS).length);
  });

  test("are a command's own flags, those that were given left out, those that may be repeated kept", async () => {
    const flags = await offered("token", "--force", "--");
    expect(flags).toContain("--resource");
    expect(flags).not.toContain("--force");
    expect(await offered("token", "-f", "--")).not.toContain("--force");
    expect(await offered("setup", "--account", "a@x.org", "-")).toContain("--account");
  });

  test("are the values of the flag before, whatever they look like", async () => {
    expect(await offered("token", "--format", "")).toEqual(["token", "sasl", "msasl", "json"]);
    expect(await offered("token", "--format", "--")).toEqual(["token", "sasl", "msasl", "json"]);
    expect(await offered("token", "--format=s")).toEqual([
      "--format=token",
      "--format=sasl",
      "--format=msasl",
      "--format=json",
    ]);
    expect(await offered("add", "--client-secret-file", "")).toBe("files");
    expect(await offered("vault", "--homedir", "")).toBe("folders");
    expect(await offered("vault", "--program", "")).toBe("files");
    expect(await offered("add", "--client-id", "")).toEqual([]);
  });

  test("are the words that belong to an action, and to no other", async () => {
    expect(await offered("proxy", "password", "")).toEqual(["add", "list", "remove"]);
    expect(await offered("proxy", "password", "add", "")).toEqual(["a@x.org", "b@x.org"]);
    expect(await offered("proxy", "start", "")).toEqual([]);
    expect(await offered("agent", "token-file", "")).toEqual(["a@x.org", "b@x.org"]);
    expect(await offered("agent", "start", "")).toEqual([]);
  });

  test("are accounts, each once where several may be named, and none with characters that terminals obey", async () => {
    expect(await offered("token", "")).toEqual(["a@x.org", "b@x.org"]);
    expect(await offered("token", "--format", "json", "")).toEqual(["a@x.org", "b@x.org"]);
    expect(await offered("token", "a@x.org", "")).toEqual([]);
    expect(await offered("doctor", "a@x.org", "")).toEqual(["b@x.org"]);
    expect(await offered("token", "--", "-")).toEqual(["a@x.org", "b@x.org"]);
    expect(await offered("add", "")).toEqual([]);
  });

  test("is nothing for what does not exist", async () => {
    for (const words of [
      ["nope", ""],
      ["constructor", ""],
      ["token", "--nope=", ""],
      ["token", "--nope=x"],
      ["token", "--toString=x"],
    ])
      expect((await offered(...words)).length).toBeLessThanOrEqual(2);
    expect(await offered("nope", "")).toEqual([]);
    expect(await offered("token", "--force=x")).toEqual([]);
  });
});

describe("a line of bash", () => {
  const BREAKS = " \t\n\"'@><=;|&(:";

  test.each([
    ["mailkey token o\\'b", ["mailkey", "token"], "o'b", 0],
    ["mailkey 'token' \"a b", ["mailkey", "token"], "a b", 0],
    ["mailkey token bob@ex", ["mailkey", "token"], "bob@ex", 3],
    ["mailkey token --format=s", ["mailkey", "token"], "--format=s", 9],
    ["mailkey token bob\\@ex", ["mailkey", "token"], "bob@ex", 0],
    ["mailkey token 'bob@ex", ["mailkey", "token"], "bob@ex", 0],
    ["mailkey token --format='s", ["mailkey", "token"], "--format=s", 9],
    ["mailkey  '' ", ["mailkey", ""], "", 0],
    ["mailkey token \\", ["mailkey", "token"], "", 0],
  ])("%p is read as bash reads it", (line, words, current, start) => {
    expect(readBashLine(line, BREAKS)).toMatchObject({ words, current, start });
  });

  test("is answered in the quotation that is open, or not at all", () => {
    const reply = (line: string, word: string) => bashReply(word, readBashLine(line, BREAKS));
    expect(reply("mailkey token ", "a$b'c d")).toBe("a\\$b\\'c\\ d");
    expect(reply("mailkey token 'a", "a$b'c")).toBe("a$b'\\''c");
    expect(reply('mailkey token "a', 'a$b"c`\\')).toBe('a\\$b\\"c\\`\\\\');
    expect(reply('mailkey token "a', "a!b")).toBeUndefined();
    expect(reply("mailkey token a", "~a")).toBe("\\~a");
    expect(reply("mailkey token bob@", "bob@x.org")).toBe("@x.org");
  });
});

test("the man page has every command with all of its flags and arguments", async () => {
  const page = await manPage();
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (name === "help") continue;
    const command = await load();
    const section = page.split(`.SS ${name.replaceAll("-", "\\-")}\n`)[1]?.split(/^\.S[SH] /m)[0] ?? "";
    for (const flag of command.raw === true ? [] : Object.entries(command.options))
      expect([name, section.includes(`--${flag[0]}`.replaceAll("-", "\\-"))]).toEqual([name, flag[1].hidden !== true]);
    for (const { name: word } of command.args) expect(section).toContain(`.I ${word}\n`);
  }
});
