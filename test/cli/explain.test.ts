import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "../../src/cli/run.ts";
import { CATALOGUE } from "../../src/explain/catalogue.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
afterEach(() => context.dispose());

function explain(words: readonly string[], input?: string): Promise<number> {
  context = fakeContext({}, input);
  return runCommandLine(["explain", ...words], context);
}

function writeAccount(address: string, file: string): void {
  const folder = join(context.paths.config, "accounts");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, `${file}.toml`),
    `address = ${JSON.stringify(address)}\nprovider = "microsoft-personal"\nclient = { preset = "thunderbird", id = "9e5f94bc-e8a4-4e73-b8be-63364c29d753" }\n`,
    { mode: 0o600 },
  );
}

describe("mailkey explain", () => {
  test("says why, what to do and where it is known from", async () => {
    expect(await explain(["AADSTS700082"])).toBe(0);
    expect(context.out()).toBe(`AADSTS700082: the sign-in was not used for 90 days

Why: Microsoft ends a sign-in that nothing has used for some time, usually 90
days. Each renewal starts the time anew: an account whose mail is fetched
regularly never gets there.

What to do:
  Sign in again:
       mailkey login ADDRESS

Sources:
  https://learn.microsoft.com/entra/identity-platform/reference-error-codes
  https://learn.microsoft.com/entra/identity-platform/refresh-tokens
`);
    expect(context.err()).toBe("");
  });

  test("takes several words as one text", async () => {
    expect(await explain(["User", "is", "authenticated", "but", "not", "connected."])).toBe(0);
    expect(context.out()).toStartWith("not-connected: ");
  });

  test("reads a log on standard input when it is given no text", async () => {
    expect(await explain([], "starting\nSkipping account x, PassCmd exited with status 127\n")).toBe(0);
    expect(context.out()).toStartWith("passcmd-127: ");
  });

  test("does not wait for a terminal", async () => {
    expect(await explain([])).toBe(64);
    expect(context.err()).toContain("explain needs TEXT");
  });

  test("says so when nothing is known, with the next command", async () => {
    expect(await explain(["all", "is", "well"])).toBe(1);
    expect(context.out()).toBe("");
    expect(context.err()).toBe("mailkey: nothing is known about this text\nmailkey: hint: mailkey doctor\n");
  });

  test.each(["-ERR Web login required hunter-22-hunter", `-${"eyJ0eXAiOiJKV1Qi".repeat(4)}hunter-22-hunter`])(
    "shows nothing of a text that looks like a flag: %s",
    async (text) => {
      expect(await explain([text])).toBe(64);
      expect(context.out() + context.err()).not.toContain("hunter");
      expect(context.err()).toEndWith("mailkey: hint: mailkey explain -- TEXT\n");
    },
  );

  test("quotes the account in that command", async () => {
    context = fakeContext();
    writeAccount("a$(id)@mail.test", "a%24%28id%29@mail.test");
    expect(await runCommandLine(["explain", "all is well", "--account", "a$(id)@mail.test"], context)).toBe(1);
    expect(context.err()).toEndWith("mailkey: hint: mailkey doctor 'a$(id)@mail.test'\n");
  });

  test.each([
    [["AADSTS999999"], undefined],
    [[], "AADSTS999999: something new"],
  ])("leads to Microsoft's own page for a code of theirs that is not known", async (words, input) => {
    expect(await explain(words, input)).toBe(1);
    expect(context.err()).toContain("https://login.microsoftonline.com/error?code=999999");
  });

  test("never shows what it was given", async () => {
    const secret = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.hunter22";
    await explain([], `IMAP command 'AUTHENTICATE XOAUTH2 ${secret}' returned an error: NO AUTHENTICATE failed.`);
    expect(context.out()).toStartWith("mbsync-token-refused: ");
    expect(context.out() + context.err()).not.toContain("hunter22");
    await explain(["token", secret]);
    expect(context.out() + context.err()).not.toContain("hunter22");
  });

  test("fills in the values of an account, quoted for a shell", async () => {
    context = fakeContext();
    const address = "o'brien@hotmail.com";
    writeAccount(address, "o%27brien@hotmail.com");
    expect(await runCommandLine(["explain", "AADSTS65001", "--account", address], context)).toBe(0);
    expect(context.out()).toContain(`       mailkey login 'o'\\''brien@hotmail.com'\n`);
    expect(context.out()).toContain("adminconsent?client_id=9e5f94bc-e8a4-4e73-b8be-63364c29d753\n");
    expect(await runCommandLine(["explain", "cannot read output of", "--account", address], context)).toBe(0);
    expect(context.out()).toMatch(/ {7}\S+ token 'o'\\''brien@hotmail\.com'\n/);
  });

  test("with an account that is not there says which command adds it", async () => {
    expect(await explain(["AADSTS65001", "--account", "me@hotmail.com"])).toBe(78);
    expect(context.err()).toContain("mailkey: hint: mailkey add me@hotmail.com");
  });

  test("--list names every entry on a line of its own, 80 columns wide at the most", async () => {
    expect(await explain(["--list"])).toBe(0);
    const lines = context.out().split("\n");
    for (const { id, title } of CATALOGUE)
      expect(lines.some((line) => line.startsWith(`  ${id} `) && line.endsWith(title))).toBe(true);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test("--json prints entries with steps and sources, and an empty array when nothing is known", async () => {
    expect(await explain(["AADSTS70043 and AADSTS90094", "--json"])).toBe(0);
    const entries = JSON.parse(context.out()) as { id: string; steps: unknown[]; sources: string[] }[];
    expect(entries.map(({ id }) => id)).toEqual(["AADSTS70043", "AADSTS90094"]);
    expect(entries[0]).toMatchObject({ steps: [{ say: "sign in again", type: "mailkey login ADDRESS" }, {}] });
    expect(await explain(["nothing", "--json"])).toBe(1);
    expect(context.out()).toBe("[]\n");
  });

  test("every entry can be shown within 80 columns, but for commands and addresses", async () => {
    for (const { id } of CATALOGUE) {
      expect(await explain([id])).toBe(0);
      const wide = context
        .out()
        .split("\n")
        .filter((line) => line.length > 80 && !/^ {7}\S|^ {2}https:/.test(line));
      expect(wide).toEqual([]);
      context.dispose();
    }
  });
});
