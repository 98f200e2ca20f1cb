import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "../../src/cli/command.ts";
import { COMMANDS, GROUPS } from "../../src/cli/commands.ts";
import { commandHelp } from "../../src/cli/help.ts";
import { report, runCommand, runCommandLine } from "../../src/cli/run.ts";
import { MailkeyError } from "../../src/errors.ts";
import { signInError } from "../../src/signin/outcome.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
});
afterEach(() => context.dispose());

const run = (...words: string[]) => runCommandLine(words, context);

describe("the command line", () => {
  test("with an unknown command is a usage error that names the nearest one", async () => {
    expect(await run("tokn")).toBe(64);
    expect(context.err()).toBe(
      'mailkey: error: there is no command "tokn"\nmailkey: hint: did you mean mailkey token?\n',
    );
    expect(context.out()).toBe("");
  });

  test.each([
    ["tokne", "token"],
    ["stats", "status"],
    ["ad", "add"],
    ["vualt", "vault"],
  ])("%p probably means %p", async (typed, meant) => {
    await run(typed);
    expect(context.err()).toContain(`did you mean mailkey ${meant}?`);
  });

  test.each(["constructor", "toString", "__proto__"])("takes %p for no command, alone or after help", async (word) => {
    expect(await run(word)).toBe(64);
    expect(await run("help", word)).toBe(64);
    expect(context.err()).not.toContain("bug");
  });

  test("with a word that is near to nothing points to the help", async () => {
    await run("xyzzy");
    expect(context.err()).toContain("mailkey: hint: mailkey help");
  });

  test("with an unknown flag names the nearest one", async () => {
    expect(await run("token", "--protcol", "imap")).toBe(64);
    expect(context.err()).toContain("token has no flag --protcol");
    expect(context.err()).toContain("did you mean --protocol?");
  });

  test.each([
    [["token", "--format"], "--format needs a value (FORMAT)"],
    [["token", "--force=yes"], "--force takes no value"],
    [["token", "--format", "xml"], "--format is one of token, sasl, msasl, json"],
    [["token", "--min-ttl", "soon"], "--min-ttl is a number of seconds"],
    [["token", "a@b.c", "d@e.f"], "token takes 1 argument, not 2"],
    [["remove"], "remove needs ADDRESS"],
  ])("%p is told what is wrong", async (words, text) => {
    expect(await run(...words)).toBe(64);
    expect(context.err()).toContain(text);
  });

  test("does not repeat a value that stands where it should not", async () => {
    await run("token", "--tokken=hunter22");
    expect(context.err()).not.toContain("hunter22");
  });

  test("without words shows the overview, with every command in it", async () => {
    expect(await run()).toBe(0);
    for (const name of Object.keys(COMMANDS).filter((each) => each !== "help"))
      expect(context.out()).toContain(`  ${name}`);
  });

  test("--version names build and runtime", async () => {
    expect(await run("--version")).toBe(0);
    expect(context.out()).toMatch(/^mailkey \d+\.\d+\.\d+ \(from source, bun [\d.]+, \w+ \w+\)\n$/);
  });
});

describe("an account", () => {
  test("that does not exist is a matter of configuration, with the command that adds it", async () => {
    expect(await run("token", "me@example.org")).toBe(78);
    expect(context.err()).toContain("mailkey: hint: mailkey add me@example.org");
  });

  test("with a mistake in its file is named with file and key", async () => {
    const folder = join(context.paths.config, "accounts");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(
      join(folder, "me@example.org.toml"),
      'address = "me@example.org"\nprovider = "google"\nclient = { id = 7 }\n',
    );
    expect(await run("token", "me@example.org")).toBe(78);
    expect(context.err()).toContain("me@example.org.toml: client.id: ");
  });

  test("is not made of a stray file", async () => {
    const folder = join(context.paths.config, "accounts");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of ["backup.toml", "a%zz@x.org.toml", "notes"]) writeFileSync(join(folder, name), "x");
    expect(await run("list")).toBe(0);
    expect(context.err()).toContain("no accounts yet");
  });

  test("of a provider without OAuth2 is told what to use instead", async () => {
    const folder = join(context.paths.config, "accounts");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(
      join(folder, "me@icloud.com.toml"),
      'address = "me@icloud.com"\nprovider = "icloud"\nclient = { id = "x" }\n',
    );
    expect(await run("token")).toBe(78);
    expect(context.err()).toMatch(/app-specific password/i);
  });
});

describe("an error", () => {
  test("in JSON is one object on standard error, with code, explanation and hint", async () => {
    const status = await report(
      new MailkeyError("ERR_SIGN_IN_AGAIN", "over", {
        hint: "mailkey login a@b.c",
        details: { error: "invalid_grant" },
      }),
      context,
      true,
    );
    expect([status, JSON.parse(context.err())]).toEqual([
      77,
      {
        error: {
          code: "ERR_SIGN_IN_AGAIN",
          message: "over",
          hint: "mailkey login a@b.c",
          why: expect.stringContaining("the password was changed"),
          explanation: "invalid_grant",
          error: "invalid_grant",
        },
      },
    ]);
  });

  test("that is a bug does not show its message, which may quote a secret", async () => {
    expect(await report(new SyntaxError('Unexpected token in "hunter22"'), context, false)).toBe(70);
    expect(context.err()).toContain("this is a bug in mailkey: SyntaxError");
    expect(context.err()).not.toContain("hunter22");
  });
});

describe("an error that the catalogue knows", () => {
  const refused = (details: Record<string, string>, words: string, hint = "mailkey show a@b.c") =>
    new MailkeyError("ERR_CLIENT_REJECTED", `Microsoft refuses the client of a@b.c (${words})`, { hint, details });

  test("says why in a line of its own, and the first thing to type, with the account's address", async () => {
    const details = { error: "unauthorized_client", vendorCode: "AADSTS7000112", address: "a@b.c" };
    expect(await report(refused(details, "AADSTS7000112: Application is disabled."), context, false)).toBe(78);
    expect(context.err().split("\n")).toEqual([
      "mailkey: error: Microsoft refuses the client of a@b.c (AADSTS7000112: Application is disabled.)",
      expect.stringMatching(/^mailkey: why: Microsoft has switched this client id off/),
      "mailkey: hint: mailkey add a@b.c --replace --client thunderbird",
      "",
    ]);
  });

  test("keeps its own hint where its command is not that of an account, or a sign-in is going on", async () => {
    for (const details of [{ vendorCode: "AADSTS700082" }, { vendorCode: "AADSTS700082", flow: "device" }] as Record<
      string,
      string
    >[])
      await report(refused(details, "AADSTS700082", "its own hint"), context, false);
    expect(context.err().match(/hint: its own hint/g)).toHaveLength(2);
    expect(context.err().match(/why: /g)).toHaveLength(2);
  });

  test("quotes an address in a hint, so that typing it runs nothing", async () => {
    await run("token", "o'b$(id)@mail.test");
    expect(context.err()).toContain(`mailkey: hint: mailkey add 'o'\\''b$(id)@mail.test'\n`);
  });

  test("breaks lines at spaces on a person's terminal, but never a hint", async () => {
    const hint = `mailkey add ${"a".repeat(30)}@mail.test --replace --client thunderbird --flow device`;
    const error = new MailkeyError("ERR_CONFIG", `${"some words ".repeat(12)}end`, { hint });
    await report(error, { ...context, terminal: { ...context.terminal, interactive: true } }, false);
    const lines = context.err().split("\n");
    expect(lines.slice(0, 2).every((line) => line.length <= 80)).toBe(true);
    expect(lines[0]).toMatch(/^mailkey: error: some words .* (some|words)$/);
    expect(lines).toContain(`mailkey: hint: ${hint}`);
  });

  test("is known by its words, too, when there is no code", async () => {
    await report(new MailkeyError("ERR_PROGRAM", "gpg: Inappropriate ioctl for device"), context, false);
    expect(context.err()).toContain("mailkey: why: gpg's passphrase prompt");
    expect(context.err()).toContain("mailkey: hint: export GPG_TTY=$(tty)");
  });

  test("of a sign-in that is going on does not tell why a stored one ended", async () => {
    const setting = { providerName: "Microsoft 365", clientName: "Thunderbird", login: "me@example.com" };
    const error = signInError({ ...setting, flow: "loopback" }, { kind: "permanent", error: "invalid_grant" });
    await report(error, context, false);
    expect(context.err()).toContain("it was used already, or is too old");
    expect(context.err()).toContain("mailkey: hint: run the same command again");
    expect(context.err()).not.toContain("why:");
  });

  test("is not one of usage: those words are the user's own", async () => {
    await run("invalid_grant");
    expect(context.err()).not.toContain("why:");
  });
});

describe("help", () => {
  const names = Object.keys(COMMANDS);

  test("groups every command once", () => {
    expect(GROUPS.flatMap((group) => group.names).toSorted()).toEqual(
      names.filter((name) => name !== "help").toSorted(),
    );
  });

  test("of mailkey itself has no line over 80 columns", async () => {
    expect(await run("help")).toBe(0);
    expect(context.out()).toContain("Start\n");
    expect(
      context
        .out()
        .split("\n")
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });

  test.each(names)("of %s has a summary, an example, and no line over 80 columns", async (name) => {
    const command = await COMMANDS[name]?.();
    if (command === undefined) throw new Error("no such command");
    const text = commandHelp(command, context.terminal);
    expect(command.name).toBe(name);
    expect(command.examples.length).toBeGreaterThan(0);
    expect(text.split("\n").filter((line) => line.length > 80 && !line.includes("mailkey "))).toEqual([]);
    for (const [flag, spec] of Object.entries(command.options))
      if (spec.hidden !== true) expect(text).toContain(`--${flag}`);
  });
});

test("--verbose turns traces on for any command", async () => {
  const command = defineCommand({
    name: "x",
    summary: "try",
    args: [],
    options: {},
    examples: [],
    async run({ context: inner }) {
      inner.trace("doing it");
    },
  });
  await runCommand(command, ["-v"], context);
  expect(context.err()).toBe("mailkey: doing it\n");
});
