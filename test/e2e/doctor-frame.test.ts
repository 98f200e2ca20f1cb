/** The doctor as a program: what it prints where, how it ends, how it asks, and that it mends. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWorld, type World } from "../../lab/world.ts";
import { Terminal } from "../programs/terminal.ts";
import { ARTEFACT, finish, Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";

withPrograms(["dovecot", "tmux"])("mailkey doctor, the program", () => {
  let world: World;
  let home: Home;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());
  beforeEach(async () => {
    home = new Home(world);
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add());
  });
  afterEach(() => home.dispose());

  const vaultToml = () => join(home.folder, ".config", "mailkey", "vault.toml");

  test("finds nothing in a healthy lab, in text and in JSON, and renews the token while it looks", async () => {
    const before = world.refreshCount();
    const text = succeeded(await home.mailkey(["doctor", home.address]));
    expect(text.stdout).toMatch(/^Nothing is wrong \(\d+ checks, 1 account\)\.\n$/);
    expect(world.refreshCount()).toBeGreaterThan(before);
    const json = succeeded(await home.mailkey(["doctor", "--json"]));
    expect(JSON.parse(json.stdout)).toMatchObject({ accounts: 1, findings: [], fixed: [] });
    expect(json.stderr).toBe("");
  });

  test("mends with --fix, and ends with what is left", async () => {
    const accounts = join(home.folder, ".config", "mailkey", "accounts");
    chmodSync(accounts, 0o777);
    rmSync(join(home.folder, "run"), { recursive: true });
    writeFileSync(join(accounts, "Other@Example.com.toml"), "");
    const { status, stdout, stderr } = await home.mailkey(["doctor", "--fix"]);
    expect(stderr).toContain(`done: chmod go-w ${accounts}\ndone: mkdir -p -m 700 ${join(home.folder, "run")}\n`);
    expect(stdout).toContain("(account-files)");
    expect(stdout).toMatch(/\n1 warning \(\d+ checks, 1 account\)\.\n$/);
    expect(status).toBe(1);
    expect(statSync(join(home.folder, "run")).mode & 0o777).toBe(0o700);
  });

  test("ends at Ctrl-C while a vault does not answer, and prints no half of a report", async () => {
    const started = join(home.folder, "started");
    const command = JSON.stringify(`touch '${started}'; sleep 60`);
    writeFileSync(vaultToml(), `active = "command"\n[command]\nencrypt = ${command}\ndecrypt = "cat"\n`, {
      mode: 0o600,
    });
    const child = home.start(["doctor"]);
    const ended = finish(child);
    while (statSync(started, { throwIfNoEntry: false }) === undefined) await Bun.sleep(20);
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ status: 130, stdout: "", stderr: expect.stringContaining("interrupted") });
  });

  test("asks for the vault's passphrase once, before it looks, at a terminal", async () => {
    const file = join(home.folder, "passphrase");
    writeFileSync(file, "correct horse\n", { mode: 0o600 });
    succeeded(await home.mailkey(["vault", "move", "age", "--passphrase-file", file]));
    writeFileSync(vaultToml(), 'active = "age"\nfolder = "vault-2"\n[age]\npassphrase = "prompt"\n', { mode: 0o600 });
    // Each look costs a second of computing: two checks are enough to see that nobody asks twice.
    const line = `'${ARTEFACT}' doctor --only credential --only unattended; echo "status $?"`;
    await Terminal.with({ home, line }, async (terminal) => {
      await terminal.shows("Passphrase of mailkey's vault");
      await terminal.type("correct horse");
      await terminal.press("Enter");
      const screen = await terminal.shows(/status \d/);
      expect(screen).toContain("somebody has to type the vault's passphrase");
      expect(screen).toContain("1 warning (");
      expect(screen).toContain("status 1");
      expect(screen.split("Passphrase of").length).toBe(2);
      expect(screen).not.toContain("examining"); // the line of progress has been taken away
    });
  });
});
