/**
 * The agent in good times and bad, at its most talkative, and then a search: no token and no passphrase in its log, its replies, its hooks
 * and messages on the desktop, its and its children's arguments and environments, what a crash leaves, nor in any file outside the vault;
 * but for the token file, whose purpose it is, and while it is wanted.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { granted, startHostileServer, type HostileServer, type Reply } from "../../lab/hostile.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { Terminal } from "../programs/terminal.ts";
import { writeExecutable } from "../vault/support.ts";
import { ARTEFACT, Home, IS_NODE, succeeded, type Result } from "./harness.ts";
import { withPrograms } from "./programs.ts";
import { relock } from "./relocked.ts";
import { filesBelow, holds, watcher } from "./secret-search.ts";
import { startAgent, type StartedAgent } from "./started-agent.ts";

const PASSPHRASE = "correct-horse-battery-staple-5530";
const MISTYPED = "correct-horse-battery-stable-5530";
/** What `granted()` gives out. */
const HOSTILE_SECRETS = ["hostile-access-9d41c7", "hostile-refresh-b82e06"] as const;
const WATCHED = ["gpg", "gpgconf", "age", "sh"];
/** Where the log, hooks and messages say that what they are there for has happened. */
const SIGNS = ["MAILKEY_EVENT=renewed", "MAILKEY_EVENT=needs_login", "MAILKEY_EVENT=error", "Sign in again"];

withPrograms(["gpg", "age", "tmux"])("no secret of an agent's", () => {
  let world: World;
  let hostile: HostileServer;
  let home: Home;
  let children: string;
  /** In memory: token files are written nowhere else. */
  const runtime = mkdtempSync("/dev/shm/mks-");
  const tokenFile = () => join(runtime, "mailkey/tokens", home.address);
  const printed: { words: string; text: string }[] = [];
  /** Of the agent and all that it started, as the kernel shows them. */
  let processes = "";
  let log = "";
  /** What the token file held. */
  let token = "";
  let crashed: readonly string[] = [];

  beforeAll(async () => {
    [world, hostile] = await Promise.all([startWorld({ mail: "none" }), startHostileServer()]);
    home = new Home(world);
    children = join(home.folder, "children.log");
    const bin = join(home.folder, "bin");
    for (const folder of [bin, join(home.folder, "gnupg")]) mkdirSync(folder, { mode: 0o700 });
    home.env["XDG_RUNTIME_DIR"] = runtime;
    home.env["GNUPGHOME"] = join(home.folder, "gnupg");
    home.env["NODE_EXTRA_CA_CERTS"] = join(home.folder, "ca.pem");
    const authorities = [world.caFile, hostile.caFile].map((path) => readFileSync(path, "utf8"));
    writeFileSync(home.env["NODE_EXTRA_CA_CERTS"], authorities.join(""));
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add(["--no-test"]));
    const hook = `{ env; tr '\\\\0' '\\\\n' </proc/$$/cmdline; } >>${children}`;
    await configure(`
[network]
timeout_seconds = 1
retry_seconds = 1
[agent]
log_level = "debug"
[hooks]
needs_login = "${hook}"
renewed = "${hook}"
error = "${hook}"
`);
    await relock(home, "age", PASSPHRASE);
    for (const name of WATCHED) {
      const real = Bun.which(name);
      if (real !== null) writeExecutable(join(bin, name), watcher(children, real));
    }
    writeExecutable(join(bin, "notify-send"), watcher(children, "/bin/true"));
    home.env["PATH"] = `${bin}:${home.environment()["PATH"]}`;
    home.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere";
    await inTheBackground();
    await inTheForeground();
  }, 90_000);

  afterAll(async () => {
    await home.mailkey(["agent", "stop"]);
    await Promise.all([world.stop(), hostile.stop()]);
    rmSync(runtime, { recursive: true });
    home.dispose();
  });

  const configure = (text: string) => Bun.write(join(home.folder, ".config/mailkey/config.toml"), text);
  const accountFile = () => join(home.folder, ".config/mailkey/accounts", `${home.address}.toml`);

  /** @param asked for: the token that is printed then, once, is left out */
  async function run(words: readonly string[], asked?: "token"): Promise<Result> {
    const result = await home.mailkey(words);
    const isGiven = asked === "token" && result.status === 0;
    printed.push({ words: words.join(" "), text: `${isGiven ? "" : result.stdout}\n${result.stderr}` });
    return result;
  }

  const status = async () => {
    for (const words of [["agent"], ["agent", "status", "--json"], ["agent", "metrics"], ["status", "--json"]])
      await run([...words, "--verbose"]);
  };

  async function inTheForeground(): Promise<void> {
    const agent = await startAgent(home, { first: "ulimit -c unlimited" });
    const watching = setInterval(() => watch(agent.pid), 2);
    await whileLocked();
    await unlock();
    await whileUnlocked();
    clearInterval(watching);
    if (!IS_NODE) await crash(agent);
    agent.child.kill("SIGKILL");
    log += agent.log;
  }

  /** Whatever has come and gone since the last look. */
  function watch(pid: number): void {
    for (const each of [pid, ...childrenOf(pid)])
      for (const name of ["cmdline", "environ"]) processes += readAnyway(`/proc/${each}/${name}`);
  }

  async function whileLocked(): Promise<void> {
    expect((await run(["token", home.address, "--verbose"])).status).toBe(75);
    await status();
  }

  async function unlock(): Promise<void> {
    const line = `${ARTEFACT} agent unlock --verbose`;
    await Terminal.with({ home, line, env: home.environment() }, async (terminal) => {
      await terminal.shows("Passphrase of mailkey's vault");
      await terminal.type(MISTYPED);
      await terminal.press("Enter");
      await terminal.shows("that is not the passphrase");
      await terminal.type(PASSPHRASE);
      await terminal.press("Enter");
      printed.push({ words: "agent unlock", text: await terminal.shows(/^unlocked/m) });
    });
  }

  async function whileUnlocked(): Promise<void> {
    const honest = readFileSync(accountFile(), "utf8");
    writeFileSync(accountFile(), `token_file = true\n${honest}`, { mode: 0o600 });
    while (!existsSync(tokenFile())) await run(["token", home.address, "--verbose"], "token");
    await run(["token", home.address, "--format", "json", "--verbose", "--force"], "token");
    token = readFileSync(tokenFile(), "utf8").trim();
    await status();
    await withHostileProvider();
    world.revokeGrants(home.address);
    await run(["token", home.address, "--force", "--verbose"], "token");
    await happened(SIGNS);
    await status();
    writeFileSync(accountFile(), honest, { mode: 0o600 });
    await run(["agent", "reload"]);
    while (existsSync(tokenFile())) await Bun.sleep(10);
  }

  /** One that repeats what it has been sent. */
  async function withHostileProvider(): Promise<void> {
    const honest = readFileSync(accountFile(), "utf8");
    writeFileSync(accountFile(), honest.replace(world.endpoints.token, hostile.tokenEndpoint), { mode: 0o600 });
    const [, refreshToken] = HOSTILE_SECRETS;
    const replies: Reply[] = [
      granted(),
      { status: 500, body: [...world.secrets, ...HOSTILE_SECRETS].join(" ") },
      { status: 400, body: { error: "invalid_client", error_description: `you have sent ${refreshToken}` } },
      { status: 400, body: { error: refreshToken } },
    ];
    for (const reply of replies) {
      hostile.clear();
      hostile.reply(...Array.from({ length: 12 }, () => reply));
      await run(["token", home.address, "--force", "--verbose"], "token");
      await status();
    }
    writeFileSync(accountFile(), honest, { mode: 0o600 });
  }

  /** @param signs that have to be found among the children's arguments and environments */
  async function happened(signs: readonly string[]): Promise<void> {
    while (!signs.every((sign) => readFileSync(children, "utf8").includes(sign))) await Bun.sleep(10);
  }

  /** With all that it knows, and leave to write as large a core as it likes. */
  async function crash({ child, pid }: StartedAgent): Promise<void> {
    const before = new Set(readdirSync(home.folder));
    const ended = once(child, "exit");
    process.kill(pid, "SIGABRT");
    await ended;
    crashed = readdirSync(home.folder).filter((name) => !before.has(name));
  }

  /** Where the log is a file. */
  async function inTheBackground(): Promise<void> {
    succeeded(await run(["agent", "start", "--verbose"]));
    await unlock();
    succeeded(await run(["token", home.address, "--force", "--verbose"], "token"));
    succeeded(await run(["agent", "lock"]));
    await run(["token", home.address, "--verbose"]);
    succeeded(await run(["agent", "stop"]));
    log += readFileSync(join(home.folder, ".local/state/mailkey/agent/agent.log"), "utf8");
  }

  const secrets = () => [...world.secrets, PASSPHRASE, MISTYPED, ...HOSTILE_SECRETS];
  const found = (text: string) => secrets().filter((secret) => holds(text, secret));

  test("was too few to look for, and what was looked for there is there", () => {
    expect(world.secrets.length).toBeGreaterThan(6);
    expect(world.secrets).toContain(token);
    for (const sign of ["agent started", "the vault is unlocked", "invalid_client"]) expect(log).toContain(sign);
    expect(processes).toContain("age-passphrase-cipher");
    expect(processes).toContain("XDG_RUNTIME_DIR=");
    expect(printed.map(({ text }) => text).join("")).toContain(
      'mailkey_token_expires_in_seconds{address="anna@mail.test"',
    );
  });

  test("is in what it answered", () => {
    expect(printed.filter(({ text }) => found(text).length > 0)).toEqual([]);
  });

  test("is in its log", () => {
    expect(log.split("\n").filter((line) => found(line).length > 0)).toEqual([]);
  });

  test("is in the arguments or the environment of it or anything that it has run", () => {
    const noted = readFileSync(children, "utf8");
    for (const sign of SIGNS) expect(noted).toContain(sign);
    expect(found(noted)).toEqual([]);
    expect(found(processes)).toEqual([]);
  });

  // Node has no way to forbid it.
  if (!IS_NODE)
    test("is in what a crash leaves: it leaves nothing", () => {
      expect(crashed).toEqual([]);
    });

  test("is in a file outside the vault, now that no token file is wanted", () => {
    const vault = /\/\.local\/state\/mailkey\/vault/;
    const files = [...filesBelow(home.folder), ...filesBelow(runtime)].filter((path) => !vault.test(path));
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((path) => found(readFileSync(path, "latin1")).length > 0)).toEqual([]);
  });
});

function childrenOf(pid: number): readonly number[] {
  return readAnyway(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** It may be gone, or closed to others. */
function readAnyway(path: string): string {
  try {
    return readFileSync(path, "latin1").replaceAll("\0", "\n");
  } catch {
    return "";
  }
}
