/** The package for Debian on a machine that has nothing: no Node, no gpg, no age, no network. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileExecutable } from "../../../scripts/build/compile.ts";
import { run } from "../../../scripts/build/run.ts";
import { hostTarget } from "../../../scripts/build/targets.ts";
import { writeChecksums } from "../../../scripts/release/checksums.ts";
import { debianPackage } from "../../../scripts/release/deb.ts";
import { VERSION } from "../../../src/version.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { getmailTokens } from "../getmail-tokens.ts";
import { commandBlocks } from "./install-page.ts";
import { HOME, makeCleanRoot, ROOT, runInRoot, USER } from "./clean-root.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const BOOTSTRAP_TIMEOUT_MS = 180_000;

/** A root for another system is made by root. With CI=true that is no excuse. */
const mayTry = process.getuid?.() === 0 || process.env["CI"] === "true";
const suite = mayTry ? withPrograms(["mmdebstrap", "dpkg-deb"]) : describe.skip;

const TOKEN = "ya29.a-token-of-the-clean-root";

suite("on a clean Debian the package", () => {
  let base: string;
  let machine: string;
  let before: readonly string[];
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), "mailkey-clean-"));
    machine = join(base, "machine");
    const source = { root, stamp: { commit: "abc1234", epochSeconds: 1_700_000_000 } };
    const executable = join(base, "mailkey");
    await compileExecutable(source, hostTarget(), process.execPath, executable);
    await Promise.all([
      debianPackage({ source, target: hostTarget(), executable, into: base, quick: true }),
      makeCleanRoot(machine),
    ]);
    before = await files();
    mkdirSync(join(machine, "tmp/download"));
    for (const name of readdirSync(base).filter((each) => each.endsWith(".deb")))
      cpSync(join(base, name), join(machine, "tmp/download", name));
    await writeChecksums(join(machine, "tmp/download"));
  }, BOOTSTRAP_TIMEOUT_MS);
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  const asRoot = (...command: string[]) => runInRoot(machine, ROOT, command);
  const mailkey = (...args: string[]) => runInRoot(machine, USER, ["mailkey", ...args]);
  const ok = { status: 0, stderr: "" };

  /** All of the machine, without what apt and dpkg write down about themselves. */
  async function files(): Promise<string[]> {
    const own = /^(var\/(lib\/(dpkg|apt)|cache|log)|home|tmp)(\/|$)/;
    const paths = await run("find", [machine, "-xdev", "-printf", "%P\n"]);
    return paths
      .split("\n")
      .filter((path) => !own.test(path))
      .toSorted();
  }

  test("installs by the words of docs/install.md, and no other with it", async () => {
    expect(await asRoot("sh", "-c", "! command -v node && ! command -v gpg && ! command -v age")).toMatchObject(ok);
    const [commands = ""] = commandBlocks("Debian and Ubuntu");
    const typed = commands.replaceAll("sudo ", "").replaceAll("amd64", hostTarget().debian ?? "");
    const { status, stdout } = await asRoot("sh", "-e", "-c", `cd /tmp/download; ${typed}`);
    expect(stdout).toContain("The following NEW packages will be installed:\n  mailkey\n");
    expect(status).toBe(0);
  });

  test("runs there without Node.js", async () => {
    const { stdout, ...rest } = await mailkey("--version");
    expect(rest).toMatchObject(ok);
    expect(stdout).toStartWith(`mailkey ${VERSION} (abc1234, bun `);
    expect(await mailkey("agent", "--help")).toMatchObject({ ...ok, stdout: expect.stringContaining("mailkey agent") });
    expect(await mailkey("help")).toMatchObject({ ...ok, stdout: expect.stringContaining("sign a mailbox in, store") });
  });

  test("cannot be read by who runs it, so that the kernel lets no other program of theirs into its memory", async () => {
    expect(await runInRoot(machine, USER, ["test", "-x", "/usr/bin/mailkey"])).toMatchObject(ok);
    expect(await runInRoot(machine, USER, ["test", "-r", "/usr/bin/mailkey"])).toMatchObject({ status: 1 });
  });

  test("has a man page, completions and units where they are looked for", async () => {
    const page = join(machine, "usr/share/man/man1/mailkey.1.gz");
    expect(await run("zcat", [page])).toContain(".TH MAILKEY 1");
    const { stdout } = await asRoot("dpkg", "--listfiles", "mailkey");
    expect(stdout.split("\n")).toEqual(
      expect.arrayContaining([
        "/usr/share/bash-completion/completions/mailkey",
        "/usr/share/zsh/vendor-completions/_mailkey",
        "/usr/share/fish/vendor_completions.d/mailkey.fish",
        "/usr/lib/systemd/user/mailkey-agent.service",
        "/usr/lib/systemd/user/mailkey-agent.socket",
        "/usr/lib/systemd/user/mailkey-proxy.service",
        "/usr/lib/systemd/user/mailkey-proxy-imap.socket",
        "/usr/share/doc/mailkey/copyright",
        "/usr/share/doc/mailkey/THIRD-PARTY-LICENSES.gz",
      ]),
    );
    expect(await asRoot("dpkg", "--verify", "mailkey")).toMatchObject({ ...ok, stdout: "" });
  });

  test("asked for a token of a stranger prints none, and ends as configuration errors do", async () => {
    expect(await mailkey("token", "you@gmail.com")).toMatchObject({ status: 78, stdout: "" });
  });

  test("keeps a credential encrypted and hands its token out", async () => {
    writeFileSync(join(machine, HOME, "tokens.json"), getmailTokens("you@gmail.com", TOKEN), { mode: 0o600 });
    await run("chown", [USER, join(machine, HOME, "tokens.json")]);
    expect(await mailkey("vault", "init", "age")).toMatchObject({ status: 0 });
    expect(await mailkey("import", join(HOME, "tokens.json"), "--yes")).toMatchObject({ status: 0 });
    rmSync(join(machine, HOME, "tokens.json"));
    expect(await mailkey("token", "you@gmail.com")).toMatchObject({ ...ok, stdout: `${TOKEN}\n` });
    expect(await mailkey("status")).toMatchObject({ status: 0, stdout: expect.stringContaining("you@gmail.com") });
    const inClear = await runInRoot(machine, USER, ["grep", "--recursive", "--files-with-matches", TOKEN, HOME]);
    expect(inClear).toMatchObject({ status: 1, stdout: "" });
  });

  test("purged leaves nothing behind but what is the user's", async () => {
    expect(await asRoot("apt-get", "purge", "--yes", "mailkey")).toMatchObject({ status: 0 });
    expect(existsSync(join(machine, "usr/bin/mailkey"))).toBe(false);
    expect(await files()).toEqual([...before]);
    expect(readdirSync(join(machine, HOME, ".config/mailkey/accounts"))).toEqual(["you@gmail.com.toml"]);
  });
});
