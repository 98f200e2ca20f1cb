import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "../../src/cli/run.ts";
import { openVault } from "../../src/vault/open.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";
import { CREDENTIAL, gnupgHome, maySkip, NAME, writeSecretFile } from "../vault/support.ts";

const SWAPPED = ["--encrypt", "base64 | rev", "--decrypt", "rev | base64 -d"];

describe("mailkey vault", () => {
  let context: FakeContext;
  beforeEach(() => {
    context = fakeContext({ PATH: process.env["PATH"] ?? "" });
  });
  afterEach(() => context.dispose());
  const vault = (...words: string[]) => runCommandLine(["vault", ...words], context);
  const store = async () => (await openVault(context.paths, context.env)).write(NAME, CREDENTIAL);

  test("says before the first use that there is none, and what the machine offers", async () => {
    expect(await vault()).toBe(0);
    expect(context.out()).toContain("none yet");
    expect(context.out()).toMatch(/^age +yes/m);
  });

  test("shows the active vault, its place, its use and that it works", async () => {
    await vault("use", "age");
    await store();
    expect(await vault()).toBe(0);
    expect(context.out()).toContain(`${join(context.paths.state, "vault")} (1 credential)`);
    expect(context.out()).toMatch(/^works +yes/m);
    expect(context.out()).toMatch(/^protects +against other users/m);
  });

  test("shows with --json what does not work, and ends with the status of the failure", async () => {
    await vault("use", "age");
    rmSync(join(context.paths.config, "age-identity.txt"));
    const before = context.out().length;
    expect(await vault("--json")).toBe(78);
    expect(JSON.parse(context.out().slice(before))).toMatchObject({
      active: "age",
      works: false,
      error: { code: "ERR_VAULT_UNUSABLE" },
    });
  });

  test("refuses to strand credentials and names the command that carries them over, which then works", async () => {
    await vault("use", "age");
    await store();
    expect(await vault("use", "command", ...SWAPPED)).toBe(64);
    expect(context.err()).toContain(
      "mailkey: hint: mailkey vault move command --encrypt 'base64 | rev' --decrypt 'rev | base64 -d'\n",
    );
    expect(await vault("move", "command", ...SWAPPED)).toBe(0);
    expect(context.out()).toContain(`carried over: ${NAME}`);
    expect(await (await openVault(context.paths, context.env)).read(NAME)).toEqual(Buffer.from(CREDENTIAL));
    expect(await vault("move", "age")).toBe(0);
    expect(await (await openVault(context.paths, context.env)).read(NAME)).toEqual(CREDENTIAL);
  });

  test("refuses flags of another kind, flags that exclude each other, unknown kinds and actions", async () => {
    const cases = [
      [["use", "age", "--recipient", "x"], "--recipient means nothing to the age vault"],
      [["use", "age", "--prompt", "--identity", "x"], "these exclude each other: --identity, --prompt"],
      [["use", "gpg", "--recipient", "x", "--no-passphrase"], "--no-passphrase is for a new key"],
      [["use", "gpg"], "gpg needs --recipient KEY"],
      [["use", "command", "--encrypt", "x"], "command needs both --encrypt and --decrypt"],
      [["use", "paper"], 'there is no vault "paper"'],
      [["burn", "age"], 'there is no vault action "burn"'],
      [["init", "command"], "your own commands need no init"],
    ] as const;
    for (const [words, message] of cases) {
      expect(await vault(...words)).toBe(64);
      expect(context.err()).toContain(message);
    }
  });

  test("asks for no passphrase without a terminal", async () => {
    expect(await vault("use", "age", "--prompt")).toBe(64);
    expect(context.err()).toContain("there is no terminal");
  });

  test.skipIf(maySkip("gpg", "gpgconf"))(
    "makes a gpg key with the passphrase of a file, and stores with it",
    async () => {
      // The agent's socket needs a short path; the context's home is short enough below /tmp.
      const gnupg = gnupgHome(context.home);
      try {
        const passphrase = writeSecretFile(join(context.home, "passphrase"), "correct horse\n");
        expect([
          await vault("init", "gpg", "--homedir", gnupg.path, "--passphrase-file", passphrase),
          context.err(),
        ]).toEqual([0, expect.stringContaining("made the gpg key")]);
        await store();
        expect(await (await openVault(context.paths, context.env)).read(NAME)).toEqual(Buffer.from(CREDENTIAL));
        expect(context.out() + context.err()).not.toContain("correct horse");
        expect(await vault("use", "gpg", "--passphrase-command", `cat '${passphrase}'`)).toBe(0);
        expect(await (await openVault(context.paths, context.env)).read(NAME)).toEqual(Buffer.from(CREDENTIAL));
      } finally {
        await gnupg.dispose();
      }
    },
  );
});
