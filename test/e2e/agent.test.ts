/** The agent beside the program that asks it: answers, renewals ahead, locking, and that nothing depends on it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { startWorld, type World } from "../../lab/world.ts";
import { writeExecutable } from "../vault/support.ts";
import { ARTEFACT, Home, succeeded, type Result } from "./harness.ts";

let world: World;
let home: Home;
let agents: ChildProcess[] = [];

beforeAll(async () => {
  world = await startWorld({ mail: "none" });
});
afterAll(() => world.stop());
beforeEach(() => {
  home = new Home(world);
});
afterEach(async () => {
  await home.mailkey(["agent", "stop"]);
  for (const each of agents.splice(0)) each.kill("SIGKILL");
  home.dispose();
});

const token = (...words: string[]): Promise<Result> => home.mailkey(["token", home.address, ...words]);
const socket = () => join(home.folder, "run/mailkey/agent.sock");

async function signedIn(seconds: number): Promise<void> {
  succeeded(await home.mailkey(["vault", "init", "age"]));
  world.setAccessTokenSeconds(seconds);
  succeeded(await home.add(["--no-test"]));
}

async function configure(text: string): Promise<void> {
  await Bun.write(join(home.folder, ".config/mailkey/config.toml"), text);
}

async function agent(): Promise<ChildProcess> {
  const child = home.start(["agent", "run"]);
  agents.push(child);
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  while (!log.includes("agent started")) {
    if (child.exitCode !== null) throw new Error(`the agent ended: ${log}`);
    await Bun.sleep(5);
  }
  return child;
}

describe("an agent that runs", () => {
  test("answers, and says that it does", async () => {
    await signedIn(3600);
    await agent();
    const alone = succeeded(await token()).stdout;
    const asked = succeeded(await token("--format", "json", "--verbose"));
    expect(JSON.parse(asked.stdout)).toMatchObject({ access_token: alone.trim(), resource: "outlook" });
    expect(asked.stderr).toContain("from the agent");
    const status = succeeded(await home.mailkey(["agent"])).stdout;
    expect(status).toMatch(/^The agent runs \(process \d+, for \d+ s\); the vault is open\.$/m);
    expect(status).toMatch(new RegExp(`^${home.address} +outlook +59 min +in 4\\d min +ok$`, "m"));
    expect(statSync(socket()).mode & 0o777).toBe(0o600);
  });

  test("renews ahead: a program never sees a token near its end, and asks no provider", async () => {
    await signedIn(16); // 8 s are the margin
    await configure("[agent]\nrenew_ahead_seconds = 6\n");
    await agent();
    const renewals = world.refreshCount(home.address);
    const seen = new Set<string>();
    while (seen.size < 3) {
      const answer = succeeded(await token("--verbose", "--format", "json"));
      seen.add((JSON.parse(answer.stdout) as { access_token: string }).access_token);
      expect(answer.stderr).toContain("cached access token");
      await Bun.sleep(50);
    }
    expect(world.refreshCount(home.address) - renewals).toBe(2);
  });

  test("shares one renewal with programs that ask at the same moment, and with those that do without it", async () => {
    await signedIn(3600);
    await agent();
    const renewals = world.refreshCount(home.address);
    const elsewhere = { env: { XDG_RUNTIME_DIR: join(home.folder, "nowhere") } };
    const force = ["token", home.address, "--force"];
    const answers = await Promise.all([
      home.mailkey(force),
      home.mailkey(force),
      home.mailkey(force, elsewhere),
      home.mailkey(force, elsewhere),
    ]);
    expect(new Set(answers.map((answer) => succeeded(answer).stdout)).size).toBeLessThanOrEqual(2);
    expect(world.refreshCount(home.address) - renewals).toBeLessThanOrEqual(2);
  });

  test("takes a new sign-in over at once", async () => {
    await signedIn(3600);
    await agent();
    const before = succeeded(await token()).stdout;
    succeeded(await token());
    succeeded(await home.mailkey(["login", home.address, "--no-test"]));
    expect(succeeded(await token()).stdout).not.toBe(before);
  });

  test("passes an error on as if it had happened in the program itself", async () => {
    await signedIn(3600);
    const unknown = await home.mailkey(["token", "nobody@else.test"]);
    await agent();
    expect(await home.mailkey(["token", "nobody@else.test"])).toEqual(unknown);
    world.revokeGrants(home.address);
    const refused = await token("--force");
    expect(refused).toMatchObject({ status: 77, stdout: "" });
    expect(refused.stderr).toContain(`mailkey: hint: mailkey login ${home.address}`);
  });

  test("leaves nothing behind when it stops, and programs go on without", async () => {
    await signedIn(3600);
    const child = await agent();
    const answer = succeeded(await token()).stdout;
    succeeded(await home.mailkey(["agent", "stop"]));
    expect(existsSync(socket())).toBe(false);
    while (child.exitCode === null) await Bun.sleep(5);
    expect(child.exitCode).toBe(0);
    expect(succeeded(await token()).stdout).toBe(answer);
    expect((await home.mailkey(["agent", "status"])).status).toBe(1);
  });

  test("that is stopped in its tracks is done without", async () => {
    await signedIn(3600);
    const child = await agent();
    const answer = succeeded(await token()).stdout;
    child.kill("SIGSTOP");
    expect(succeeded(await token()).stdout).toBe(answer);
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    while (child.signalCode === null) await Bun.sleep(5);
    expect(succeeded(await token()).stdout).toBe(answer); // its socket is still there
    await agent(); // and is taken over
    expect(succeeded(await token("--verbose", "--format", "json")).stderr).toContain("from the agent");
  });

  test("ends when its folder is taken away, as at the end of a session, and leaves the next one alone", async () => {
    await signedIn(3600);
    const first = await agent();
    rmSync(dirname(socket()), { recursive: true });
    await agent();
    while (first.exitCode === null) await Bun.sleep(5);
    expect(first.exitCode).toBe(0);
    expect(succeeded(await token("--verbose", "--format", "json")).stderr).toContain("from the agent");
  });

  test("leaves the next one alone when it is told to end before it notices that its folder is gone", async () => {
    await signedIn(3600);
    const first = await agent();
    first.kill("SIGSTOP");
    rmSync(dirname(socket()), { recursive: true });
    await agent();
    first.kill("SIGTERM");
    first.kill("SIGCONT");
    while (first.exitCode === null) await Bun.sleep(5);
    expect(succeeded(await token("--verbose", "--format", "json")).stderr).toContain("from the agent");
  });

  test("goes on when install finds no systemd to hand it to", async () => {
    const first = await agent();
    const programs = join(home.folder, "programs");
    mkdirSync(programs);
    writeExecutable(join(programs, "systemctl"), "#!/bin/sh\nexit 1\n");
    const PATH = `${programs}:${home.environment()["PATH"]}`;
    const { stdout } = succeeded(await home.mailkey(["agent", "install"], { env: { PATH } }));
    expect(stdout).toContain("    systemctl --user enable --now mailkey-agent.socket mailkey-agent.service\n");
    expect(stdout).toEndWith("there is no systemd at all: mailkey agent start\n");
    expect(succeeded(await home.mailkey(["agent"])).stdout).toContain(`(process ${first.pid}, `);
  });

  test("is not said to be none when others can get into its folder, or when it hangs", async () => {
    const first = await agent();
    chmodSync(dirname(socket()), 0o755);
    for (const action of ["status", "start", "reload", "unlock", "stop"]) {
      const { status, stdout, stderr } = await home.mailkey(["agent", action]);
      expect([status, stdout]).toEqual([78, ""]);
      expect(stderr).toContain(`hint: chmod go= ${dirname(socket())}\n`);
    }
    chmodSync(dirname(socket()), 0o700);
    first.kill("SIGSTOP");
    const { status, stdout, stderr } = await home.mailkey(["agent"]);
    expect([status, stdout]).toEqual([78, ""]);
    expect(stderr).toContain("does not answer\nmailkey: hint: mailkey doctor\n");
    first.kill("SIGCONT");
  });

  test("is not asked by what goes by the name of the script, whose words mean something else", async () => {
    await signedIn(3600);
    await agent();
    const link = join(home.folder, "mutt_oauth2.py");
    symlinkSync(ARTEFACT, link);
    const answer = await home.program(link, ["token"]); // the name of a token file
    expect(answer).toMatchObject({ status: 77, stdout: "" });
    expect(answer.stderr).toContain("there are no tokens in token");
  });

  test("is the only one", async () => {
    await agent();
    const second = await home.mailkey(["agent", "run"]);
    expect(second.status).toBe(75);
    expect(second.stderr).toContain("another agent runs already");
    expect(succeeded(await home.mailkey(["agent", "start"])).stderr).toContain("the agent runs already");
  });

  test("serves its own home only", async () => {
    await signedIn(3600);
    await agent();
    const other = new Home(world);
    try {
      const asked = await other.mailkey(["token", home.address], {
        env: { XDG_RUNTIME_DIR: join(home.folder, "run") },
      });
      expect(asked.status).toBe(78);
      expect(asked.stderr).toContain("there is no account");
    } finally {
      other.dispose();
    }
  });

  test("that is locked gives nothing until it is unlocked", async () => {
    await signedIn(3600);
    await agent();
    const answer = succeeded(await token()).stdout;
    succeeded(await home.mailkey(["agent", "lock"]));
    const locked = await token();
    expect(locked).toMatchObject({ status: 75, stdout: "" });
    expect(locked.stderr).toContain("mailkey: hint: mailkey agent unlock");
    succeeded(await home.mailkey(["agent", "unlock"]));
    expect(succeeded(await token()).stdout).toBe(answer);
  });
});

test("with agent.autostart the first program starts one, which has nothing of the program's open", async () => {
  await signedIn(3600);
  await configure("[agent]\nautostart = true\n");
  const fifo = join(home.folder, "leak");
  succeeded(await home.program("mkfifo", [fifo]));
  // As mbsync does: a descriptor of its own stays open in the command.
  const command = `umask 0; exec 7<>"${fifo}" 9<>"${fifo}"; exec "${ARTEFACT}" token ${home.address} --verbose`;
  const first = succeeded(await home.program("sh", ["-c", command]));
  expect(first.stderr).toContain("starting the agent");
  expect(first.stderr).toContain("from the agent");
  const { pid } = JSON.parse(succeeded(await home.mailkey(["agent", "status", "--json"])).stdout) as { pid: number };
  expect(pid).not.toBe(process.pid);
  const open = succeeded(await home.program("sh", ["-c", `ls -l /proc/${pid}/fd`])).stdout;
  expect(open).not.toContain("leak");
  expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Umask:\s+0077$/m); // for hooks
  expect(readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[5]).toBe(String(pid)); // a session of its own
});

test("a socket that systemd listens on is used", async () => {
  await signedIn(3600);
  mkdirSync(join(home.folder, "run/mailkey"), { mode: 0o700 }); // the unit's DirectoryMode
  const listening = home.program("systemd-socket-activate", ["--listen", socket(), ARTEFACT, "agent", "run"]);
  while (!existsSync(socket())) await Bun.sleep(5);
  const answer = succeeded(await token("--verbose", "--format", "json"));
  expect(answer.stderr).toContain("from the agent");
  const status = JSON.parse(succeeded(await home.mailkey(["agent", "status", "--json"])).stdout) as {
    started_by: string;
  };
  expect(status.started_by).toBe("socket");
  succeeded(await home.mailkey(["agent", "stop"]));
  expect((await listening).status).toBe(0);
  expect(existsSync(socket())).toBe(true); // it is systemd's
});
