/**
 * Vaults that need a person, with an agent: mail programs run unattended after one answer, by pinentry or at a terminal, while tokens
 * come and go.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeMailClients, type MailClients } from "../../lab/clients.ts";
import { startWorld, type World } from "../../lab/world.ts";
import type { StatusReply } from "../../src/agent/status.ts";
import { Terminal } from "../programs/terminal.ts";
import { IS_ROOT } from "../programs/unprivileged.ts";
import { ARTEFACT, Home, IS_NODE, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";
import { countingPinentry, relock, type PersonsVault } from "./relocked.ts";
import { startAgent } from "./started-agent.ts";

const PASSPHRASE = "correct horse battery staple";
/** A token is replaced after 3 to 7.5 s, and has 12 s left when a program gets it: a busy machine takes long to derive a key. */
const LIFETIME_SECONDS = 24;
const AHEAD = "[token]\nmargin_seconds = 12\n[agent]\nrenew_ahead_seconds = 9\n";

withPrograms(["dovecot", "mbsync", "msmtp", "XOAUTH2 for mbsync", "gpg", "tmux"])("with an agent", () => {
  let world: World;
  let home: Home;
  let agents: ChildProcess[] = [];

  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot", accessTokenSeconds: LIFETIME_SECONDS });
  });
  afterAll(() => world.stop());
  beforeEach(() => {
    home = new Home(world);
    home.env["GNUPGHOME"] = join(home.folder, "gnupg");
    mkdirSync(home.env["GNUPGHOME"], { mode: 0o700 });
  });
  afterEach(async () => {
    for (const each of agents.splice(0)) each.kill("SIGKILL");
    await home.program("gpgconf", ["--kill", "all"]);
    home.dispose();
  });

  const log = () => join(home.folder, "questions");
  const questions = () => readFileSync(log(), "utf8").split("\n").length - 1;

  /** @param settings of [agent] */
  async function signedIn(kind: PersonsVault, settings = ""): Promise<MailClients> {
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add(["--no-test"]));
    const program = countingPinentry(home, PASSPHRASE, log());
    await Bun.write(join(home.folder, ".config/mailkey/config.toml"), `${AHEAD}pinentry = "${program}"\n${settings}`);
    writeFileSync(join(home.folder, "gnupg/gpg-agent.conf"), `pinentry-program ${program}\n`);
    await relock(home, kind, PASSPHRASE);
    const environment = home.environment();
    return writeMailClients({ world, home: home.folder, tokenCommand: home.tokenCommand(), environment });
  }

  async function start(): Promise<void> {
    agents.push((await startAgent(home, { env: { DISPLAY: ":nowhere" } })).child);
  }

  async function works(clients: MailClients, subject: string): Promise<void> {
    const sent = await clients.sendWithMsmtp({ to: world.address, subject, body: "hello" });
    const fetched = await clients.fetchWithMbsync();
    for (const { status, stderr } of [sent, fetched]) if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
    expect(clients.fetched().some((text) => text.includes(`Subject: ${subject}`))).toBeTrue();
  }

  /** Mail goes out and comes in with three more tokens, each of which the agent has obtained when nobody asked for it. */
  async function goesOn(clients: MailClients, what: string, between: () => Promise<void>): Promise<void> {
    for (const round of [1, 2, 3]) {
      const renewals = world.refreshCount();
      await between();
      while (world.refreshCount() === renewals) await Bun.sleep(20);
      await works(clients, `${what}, expiry ${round}`);
    }
  }

  const token = (...words: string[]) => home.mailkey(["token", home.address, ...words]);

  async function agentStatus(): Promise<StatusReply> {
    return JSON.parse(succeeded(await home.mailkey(["agent", "status", "--json"])).stdout) as StatusReply;
  }

  test("a typed age passphrase is asked for once, and locking takes it back", async () => {
    const clients = await signedIn("age");
    expect(await token()).toMatchObject({ status: 75, stdout: "" });
    await start();
    await works(clients, "age, first");
    expect(questions()).toBe(1);

    succeeded(await home.mailkey(["agent", "lock"]));
    const locked = await token();
    expect(locked).toMatchObject({ status: 75, stdout: "" });
    expect(locked.stderr).toContain("mailkey: hint: mailkey agent unlock\n");
    await Terminal.with({ home, line: `${ARTEFACT} agent unlock`, env: home.environment() }, async (terminal) => {
      await terminal.shows("Passphrase of mailkey's vault");
      await terminal.type(PASSPHRASE);
      await terminal.press("Enter");
      await terminal.shows("unlocked");
      expect(await terminal.screen()).not.toContain(PASSPHRASE);
    });
    await goesOn(clients, "age", async () => undefined);
    expect(questions()).toBe(1);
  });

  test("gpg asks once for its key, and its agent may forget it then", async () => {
    const clients = await signedIn("gpg");
    await start();
    await works(clients, "gpg, first");
    await goesOn(clients, "gpg", async () => {
      succeeded(await home.program("gpgconf", ["--kill", "gpg-agent"]));
    });
    expect(questions()).toBe(1);
    succeeded(await home.mailkey(["agent", "lock"]));
    expect((await token()).status).toBe(75);
  });

  test("the passphrase is forgotten after lock_after, and the next program has it asked for again", async () => {
    await signedIn("age", 'lock_after = "2s"\n');
    await start();
    succeeded(await token());
    expect(questions()).toBe(1);
    while ((await agentStatus()).state !== "closed") await Bun.sleep(50);
    while ((await agentStatus()).memory.secrets > 0) await Bun.sleep(50); // a renewal that was under way is stored first
    succeeded(await token());
    expect(questions()).toBe(2);
  });
});

// Node has no way to do this to itself.
if (!IS_NODE)
  test("the process that derives keys is closed to others before it is handed anything", async () => {
    const words = [ARTEFACT, "age-passphrase-cipher", "decrypt"];
    const asUser = IS_ROOT ? ["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups", ...words] : words;
    const [first = "", ...rest] = asUser;
    const child = spawn(first, rest, { stdio: ["pipe", "ignore", "ignore"], env: { HOME: "/nonexistent" } });
    try {
      // What belongs to root there is what the user may not read: the test's time limit is the only one.
      while (statSync(`/proc/${child.pid}/environ`).uid !== 0 || !isMailkey(child.pid)) await Bun.sleep(5);
    } finally {
      child.kill("SIGKILL");
    }
  });

function isMailkey(pid: number | undefined): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(ARTEFACT);
}
