import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { saveAccount } from "../../src/accounts/store.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { RECIPES } from "../../src/clients/recipes.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

const ADDRESS = "you@hotmail.com";
let context: FakeContext;

beforeEach(() => {
  context = fakeContext({ PATH: "/nonexistent" });
  addAccount(ADDRESS);
});
afterEach(() => context.dispose());

function addAccount(address: string): void {
  saveAccount(context.paths, { address, provider: "microsoft-personal", client: { id: "client" } });
}

/** A program that only tells its version. */
function install(name: string, version: string): void {
  const bin = join(context.home, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\necho '${version}'\n`);
  chmodSync(join(bin, name), 0o755);
  Object.assign(context.env, { PATH: bin });
}

async function run(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const [out, err] = [context.out().length, context.err().length];
  const status = await runCommandLine(["setup", ...words], context);
  return { status, out: context.out().slice(out), err: context.err().slice(err) };
}

const file = (name: string) => join(context.home, name);
const read = (name: string) => readFileSync(file(name), "latin1");

describe("mailkey setup", () => {
  test("without a terminal shows what it would write, writes nothing, and says how to", async () => {
    const { status, out, err } = await run("msmtp");
    expect(status).toBe(64);
    expect(out).toContain("~/.msmtprc (new file, mode 600)");
    expect(out).toContain("+host smtp-mail.outlook.com");
    expect(err).toContain("hint: mailkey setup msmtp --yes");
    expect(existsSync(file(".msmtprc"))).toBe(false);
  });

  test("with --yes writes, and says what, where the old file is kept, and what to type next", async () => {
    writeFileSync(file(".msmtprc"), "# mine\npassword s3cret\n");
    const { status, out, err } = await run("msmtp", "--yes");
    expect(status).toBe(0);
    expect(read(".msmtprc")).toStartWith("# mine\npassword s3cret\n# >>> mailkey msmtp: you@hotmail.com\n");
    expect(err).toMatch(/^wrote ~\/\.msmtprc; as it was: ~\/state\/backups\/[^ ]+\/\.msmtprc\n$/m);
    expect(out).toContain("    echo hello | msmtp -a you-hotmail-com you@hotmail.com\n");
    expect(out).toStartWith("~/.msmtprc (changed)\n@@ -2,0 +3,16 @@\n+# >>> mailkey msmtp: you@hotmail.com\n");
    expect(out).not.toContain("# mine");
    expect(out + err).not.toContain("s3cret");
    const again = await run("msmtp", "--yes");
    expect(again).toMatchObject({ status: 0, err: "nothing to change: msmtp\n" });
  });

  test("takes several programs in one run, and one that cannot be set up does not stop the others", async () => {
    writeFileSync(file(".mbsyncrc"), `IMAPAccount mine\nHost outlook.office365.com\nUser ${ADDRESS}\n`);
    const { status, err } = await run("mbsync", "msmtp", "--yes");
    expect(status).toBe(78);
    expect(err).toContain("mbsync is set up by your own hand already");
    expect(err).toContain(".mbsyncrc line 1 (you@hotmail.com)");
    expect(read(".mbsyncrc")).not.toContain(">>>");
    expect(read(".msmtprc")).toContain(">>> mailkey msmtp");
  });

  test("sets up what a program builds on as well", async () => {
    await run("git-send-email", "--yes");
    expect(read(".msmtprc")).toContain("account you-hotmail-com");
    expect(read(".gitconfig")).toContain('sendmailCmd = "msmtp --read-envelope-from"');
  });

  test("for a named account keeps those that are set up", async () => {
    addAccount("me@hotmail.com");
    await run("msmtp", "--account", ADDRESS, "--yes");
    expect(read(".msmtprc")).not.toContain("me@hotmail.com");
    await run("msmtp", "--account", "me@hotmail.com", "--yes");
    expect(read(".msmtprc")).toContain(">>> mailkey msmtp: you@hotmail.com me@hotmail.com");
    expect(read(".msmtprc")).toContain("account default : you-hotmail-com");
  });

  test.each([
    [["msmpt"], 64, "did you mean mailkey setup msmtp?"],
    [["nothing-like-it"], 64, "mailkey setup --list"],
    [["msmtp", "--print", "--remove"], 64, "--print and --remove do not go together"],
    [["msmtp", "--account", "stranger@x.test"], 78, "there is no account stranger@x.test"],
    [["--remove"], 64, "no mail program is set up"],
    [["--check", "--account", ADDRESS], 64, "--check and --account do not go together"],
    [["mbsync", "--remove", "--by", "tunnel"], 64, "--remove and --by do not go together"],
    [["msmtp", "--by", "tunnel"], 78, "mailkey setup msmtp --by token"],
    [["--list", "--check"], 64, "--list and --check do not go together"],
  ])("refuses %j", async (words, status, text) => {
    const result = await run(...words);
    expect(result.status).toBe(status);
    expect(result.err).toContain(text);
    expect(result.out).toBe("");
  });

  test("says that there is no account yet", async () => {
    const empty = fakeContext();
    expect(await runCommandLine(["setup", "msmtp"], empty)).toBe(78);
    expect(empty.err()).toContain("there is no account yet");
    empty.dispose();
  });

  test.each([[[]], [["msmtp", "mbsync", "mutt"]]])(
    "says what keeps all programs back once: setup %p",
    async (names) => {
      const empty = fakeContext();
      expect(await runCommandLine(["setup", ...names], empty)).toBe(78);
      expect(empty.err().match(/there is no account yet/g)).toHaveLength(1);
      empty.dispose();
    },
  );

  test("without a program's name shows those that are installed; with --yes they have to be named", async () => {
    install("msmtp", "msmtp version 1.8.23");
    const { status, out, err } = await run();
    expect(status).toBe(64);
    expect(out).toContain("~/.msmtprc");
    expect(out).not.toContain(".mbsyncrc");
    // Postfix is also looked for where it is on nobody's PATH.
    expect(err).toMatch(/hint: mailkey setup msmtp( postfix)? --yes/);
    expect((await run("--yes")).err).toMatch(/needs the programs' names\n.*hint: mailkey setup msmtp( postfix)? --yes/);
    expect(existsSync(file(".msmtprc"))).toBe(false);
  });

  test("gives programs the authorities of network.ca_file", async () => {
    writeFileSync(join(context.paths.config, "config.toml"), `[network]\nca_file = "/etc/ssl/mine.pem"\n`, {
      mode: 0o600,
    });
    const { out } = await run("msmtp", "mbsync", "--print");
    expect(out).toContain(`tls_trust_file "/etc/ssl/mine.pem"`);
    expect(out).toContain(`CertificateFile "/etc/ssl/mine.pem"`);
  });

  test("writes what the installed version understands", async () => {
    install("mbsync", "isync 1.4.4");
    expect((await run("mbsync", "--print")).out).toContain("SSLType IMAPS");
    install("mbsync", "isync 1.5.1");
    expect((await run("mbsync", "--print")).out).toContain("TLSType IMAPS");
  });
});

describe("mailkey setup --print", () => {
  test("prints what would be written and nothing else: pasted, it counts as set up", async () => {
    const { status, out, err } = await run("msmtp", "--print");
    expect({ status, err }).toEqual({ status: 0, err: "" });
    writeFileSync(file(".msmtprc"), out);
    expect(await run("msmtp", "--check")).toMatchObject({ status: 0 });
    expect(await run("msmtp", "--yes")).toMatchObject({ err: "nothing to change: msmtp\n" });
  });

  test("names the file above each part when there are several", async () => {
    const { out } = await run("mbsync", "msmtp", "--print");
    expect(out.match(/^# ~\/.*$/gm)).toEqual(["# ~/.mbsyncrc", "# ~/.msmtprc"]);
  });

  test("prints also where something of the user's is in the way", async () => {
    writeFileSync(file(".mbsyncrc"), `IMAPAccount mine\nHost outlook.office365.com\nUser ${ADDRESS}\n`);
    expect(await run("mbsync", "--print")).toMatchObject({ status: 0, out: expect.stringContaining("PassCmd") });
  });

  test("prints the notes of a recipe that writes nothing", async () => {
    expect((await run("generic", "--print")).out).toContain("Password command:");
  });
});

describe("mailkey setup --check", () => {
  beforeEach(async () => {
    await run("msmtp", "--yes");
  });

  test("exits with 0 when everything is as it was written", async () => {
    expect(await run("--check")).toMatchObject({ status: 0, out: "msmtp: as it was written\n" });
  });

  test.each([
    ["a block was edited by hand", () => edit("port 587", "port 25"), "mailkey's part was changed by hand"],
    [
      "an account is gone",
      () => runCommandLine(["remove", ADDRESS, "--yes"], context),
      "you@hotmail.com is no account any more",
    ],
    ["a server has changed", () => changeServer(), "is not what setup writes now"],
    ["a mark is damaged", () => edit("# <<<", "# <"), "line 1: the block for msmtp that begins here has no end"],
    ["a block is gone", () => writeFileSync(file(".msmtprc"), ""), "it is not set up"],
  ])("exits with 1 when %s", async (_, breakIt, text) => {
    await Promise.resolve(breakIt());
    const { status, out } = await run("msmtp", "--check");
    expect(status).toBe(1);
    expect(out.replace(/\s+/g, " ")).toContain(text);
    const { status: jsonStatus, out: json } = await run("msmtp", "--check", "--json");
    expect(jsonStatus).toBe(1);
    expect(JSON.parse(json)).toMatchObject([{ program: "msmtp", problems: [expect.stringContaining(text)] }]);
  });

  const edit = (from: string, to: string) => writeFileSync(file(".msmtprc"), read(".msmtprc").replace(from, to));
  const changeServer = () =>
    saveAccount(context.paths, {
      address: ADDRESS,
      provider: "microsoft-personal",
      client: { id: "client" },
      servers: { smtp: { host: "smtp.office365.com", port: 587, security: "starttls" } },
    });
});

describe("mailkey setup --remove", () => {
  test("takes out what was written, everywhere or in the programs named, and says so", async () => {
    writeFileSync(file(".mbsyncrc"), "# mine");
    await run("mbsync", "msmtp", "--yes");
    const { status, out, err } = await run("mbsync", "--remove", "--yes");
    expect({ status, out: out.split("\n", 1) }).toEqual({ status: 0, out: ["~/.mbsyncrc (changed)"] });
    expect(err).toContain("wrote ~/.mbsyncrc; as it was: ");
    expect(read(".mbsyncrc")).toBe("# mine");
    expect((await run("--remove", "--yes")).err).toContain("removed ~/.msmtprc");
    expect(existsSync(file(".msmtprc"))).toBe(false);
  });

  test("is what `remove` of an account reminds of, as a command to type", async () => {
    await run("msmtp", "mbsync", "--yes");
    await runCommandLine(["remove", ADDRESS, "--yes"], context);
    const line = /mailkey (setup .* --remove --account you@hotmail\.com)\n/.exec(context.err())?.[1] ?? "";
    expect(await runCommandLine([...line.split(" "), "--yes"], context)).toBe(0);
    expect(existsSync(file(".msmtprc"))).toBe(false);
    expect(existsSync(file(".mbsyncrc"))).toBe(false);
  });
});

describe("mailkey setup --list", () => {
  test("names every recipe, what is installed in which version, and what is set up", async () => {
    install("msmtp", "msmtp version 1.8.23");
    await run("msmtp", "--yes");
    const { out } = await run("--list");
    expect(
      out
        .split("\n")
        .slice(1, -1)
        .map((line) => line.split(" ", 1)[0] ?? ""),
    ).toEqual(Object.keys(RECIPES));
    expect(out).toMatch(/^msmtp +1\.8\.23 +you@hotmail\.com +sends$/m);
    expect(out).toMatch(/^mbsync +no +- +fetches$/m);
    const list = JSON.parse((await run("--list", "--json")).out) as unknown[];
    expect(list).toContainEqual(
      expect.objectContaining({ program: "msmtp", installed: true, version: "1.8.23", accounts: [ADDRESS] }),
    );
  });

  test("says of a program that is too old for tokens which version can use them, and does not offer it", async () => {
    install("mutt", "Mutt 1.14.6 (2020-07-11)");
    install("msmtp", "msmtp version 1.8.23");
    expect((await run("--list")).out).toMatch(/^mutt +1\.14\.6 +- +cannot use tokens: 2\.0\.0 can$/m);
    const { status, err } = await run("--yes");
    expect(status).toBe(64);
    expect(err).toMatch(/hint: mailkey setup msmtp( postfix)? --yes\n/); // Postfix is found outside of PATH as well
  });
});

test("shows no control character of a mark that came with somebody else's dotfiles", async () => {
  install("msmtp", "msmtp version 1.8.23");
  writeFileSync(
    file(".msmtprc"),
    "# >>> mailkey msmtp: a\u001b]0;hacked\u0007\u00c2\u009bb@mail.test\n# <<< mailkey msmtp\n",
    "latin1",
  );
  for (const words of [["--list"], ["--check"], ["--check", "--json"], ["msmtp", "--yes"]]) {
    const { out, err } = await run(...words);
    expect(out + err).toContain("hacked");
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  }
});

describe("with --json", () => {
  test("says what is written, and on standard output nothing else", async () => {
    const shown = await run("msmtp", "--json");
    expect(shown.status).toBe(64);
    expect(JSON.parse(shown.out)).toMatchObject({ written: false, files: [{ change: "create" }] });
    const { status, out } = await run("msmtp", "--json", "--yes");
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      written: true,
      programs: [{ program: "msmtp", accounts: [ADDRESS] }],
      files: [{ path: file(".msmtprc"), change: "create", backup: null }],
      errors: [],
    });
    expect(JSON.parse((await run("msmtp", "--json", "--yes")).out)).toMatchObject({ files: [] });
  });
});
