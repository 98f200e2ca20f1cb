/** The agent's checks: a home with an account, and an agent that says what the test wants it to. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTokenFile } from "../../../src/accounts/set-token-file.ts";
import { tokenFilePath } from "../../../src/accounts/token-file.ts";
import { socketPath } from "../../../src/agent/client/ask-agent.ts";
import { planInstall } from "../../../src/agent/install/plan.ts";
import { systemdUnits } from "../../../src/agent/install/systemd.ts";
import type { InstallWorld } from "../../../src/service/install/plan.ts";
import { agentSocket } from "../../../src/doctor/checks/agent-socket.ts";
import { agentUnits } from "../../../src/doctor/checks/agent-units.ts";
import { agentVersion } from "../../../src/doctor/checks/agent-version.ts";
import { tokenFiles } from "../../../src/doctor/checks/token-files.ts";
import { isInMemory } from "../../../src/platform/memory-folder.ts";
import { VERSION } from "../../../src/version.ts";
import { writeExecutable } from "../../vault/support.ts";
import { DoctorHome } from "../home.ts";

const ADDRESS = "me@hotmail.com";

let home: DoctorHome;
let runtime: string;
let agent: Server | undefined;

beforeEach(async () => {
  // Sockets have short names, and token files are in memory.
  runtime = mkdtempSync(isInMemory("/dev/shm") ? "/dev/shm/mailkey-" : join(tmpdir(), "mailkey-"));
  mkdirSync(join(runtime, "mailkey"), { mode: 0o700 });
  home = await DoctorHome.healthy({ XDG_RUNTIME_DIR: runtime });
});
afterEach(() => {
  agent?.close();
  agent = undefined;
  home.dispose();
  rmSync(runtime, { recursive: true });
});

const socket = () => socketPath(home.paths);

/** @param reply undefined to say nothing */
async function runAgent(reply: object | undefined): Promise<void> {
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.on("data", () => {
      if (reply !== undefined) connection.end(`${JSON.stringify(reply)}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket(), resolve));
  chmodSync(socket(), 0o600);
  agent = server;
}

const status = (change: object = {}) => ({
  v: 1,
  pid: 1,
  version: VERSION,
  state: "unlocked",
  started_by: "command",
  token_files: { addresses: [] },
  ...change,
});

describe("agent-socket", () => {
  test("has nothing to say where no agent is, or one that answers", async () => {
    expect(await home.examine(agentSocket)).toEqual([]);
    await runAgent(status());
    expect(await home.examine(agentSocket)).toEqual([]);
  });

  test("reports a socket that an agent has left", async () => {
    // The name of a socket survives when its listener is killed.
    const listen = `require("node:net").createServer().listen(${JSON.stringify(socket())}, () => console.log("up"))`;
    const child = Bun.spawn([process.execPath, "-e", listen], { stdout: "pipe" });
    await child.stdout.getReader().read();
    child.kill("SIGKILL");
    await child.exited;
    chmodSync(socket(), 0o600);
    const [finding] = await home.examine(agentSocket);
    expect(finding).toMatchObject({
      severity: "warning",
      seen: `nobody answers at ${socket()}: the agent has ended`,
      remedy: ["mailkey agent stop", "mailkey agent start"],
    });
  });

  test("reports an agent that says nothing, and one that serves other folders", async () => {
    await runAgent(undefined);
    expect((await home.examine(agentSocket)).map(({ seen }) => seen)).toEqual([
      `the agent at ${socket()} says nothing`,
    ]);
    agent?.close();
    await runAgent({ v: 1, error: { code: "other_home", message: "not yours" } });
    expect((await home.examine(agentSocket)).map(({ seen }) => seen)).toEqual([
      `the agent at ${socket()} is of other folders, or of another version`,
    ]);
  });

  test("reports a socket that is open to others, and closes it", async () => {
    await runAgent(status());
    chmodSync(socket(), 0o666);
    const [finding] = await home.examine(agentSocket);
    expect(finding?.seen).toBe(`other users may connect to ${socket()} (mode 666)`);
    await finding?.fix?.run();
    expect(await home.examine(agentSocket)).toEqual([]);
  });
});

describe("agent-version", () => {
  test("reports an agent from before an update", async () => {
    await runAgent(status({ version: "0.0.1\u001b[31m" }));
    const [finding] = await home.examine(agentVersion);
    expect(finding?.seen).toBe(`the running agent is mailkey 0.0.1 [31m, this is ${VERSION}`);
    expect(finding?.remedy).toEqual(["mailkey agent stop", "mailkey agent start"]);
  });

  test("has systemd start it anew where that does it", async () => {
    await runAgent(status({ version: "0.0.1", started_by: "socket" }));
    const [finding] = await home.examine(agentVersion);
    expect(finding?.remedy).toEqual(["systemctl --user restart mailkey-agent.socket mailkey-agent.service"]);
  });

  test("has nothing to say of this one", async () => {
    await runAgent(status());
    expect(await home.examine(agentVersion)).toEqual([]);
  });
});

function install(executable: string): void {
  const world: InstallWorld = {
    platform: "linux",
    user: 0,
    env: home.env,
    paths: home.paths,
    executable,
    read: () => undefined,
    has: () => true,
  };
  for (const step of planInstall(world).steps) {
    if (step.kind !== "write") continue;
    mkdirSync(dirname(step.path), { recursive: true });
    writeFileSync(step.path, step.content);
  }
}

describe("agent-units", () => {
  const units = () => join(home.folder, ".config/systemd/user");
  const root = () => join(home.folder, "system");

  function enable(): void {
    mkdirSync(join(units(), "sockets.target.wants"));
    symlinkSync("../mailkey-agent.socket", join(units(), "sockets.target.wants/mailkey-agent.socket"));
  }

  test.each(["mailkey", `o d%n $HOME q"u'o\\te key`])("follows the unit to the program: %s", async (name) => {
    const program = join(home.folder, name);
    writeExecutable(program, "#!/bin/sh\n");
    install(program);
    enable();
    expect(await home.examine(agentUnits, { root: root() })).toEqual([]);
    rmSync(program);
    const [finding] = await home.examine(agentUnits, { root: root() });
    expect(finding?.seen).toBe(
      `${units()}/mailkey-agent.service starts ${program}, which is not there or cannot be run`,
    );
  });

  test("reports units that are not enabled", async () => {
    writeExecutable(join(home.folder, "mailkey"), "#!/bin/sh\n");
    install(join(home.folder, "mailkey"));
    const [finding] = await home.examine(agentUnits, { root: root() });
    expect(finding).toMatchObject({
      severity: "warning",
      seen: `${units()}/mailkey-agent.service is there, but not enabled`,
      remedy: ["mailkey agent install"],
    });
  });

  test("has nothing to say of a package's units, which nobody has to want", async () => {
    const folder = join(root(), "usr/lib/systemd/user");
    mkdirSync(folder, { recursive: true });
    for (const { name, text } of systemdUnits("/bin/true")) writeFileSync(join(folder, name), text);
    expect(await home.examine(agentUnits, { root: root() })).toEqual([]);
  });
});

describe("token-files", () => {
  test("has nothing to say while no account asks for one", async () => {
    expect(await home.examine(tokenFiles)).toEqual([]);
  });

  test.if(isInMemory("/dev/shm"))("reports that no agent keeps it, and that it is locked", async () => {
    setTokenFile(home.paths, ADDRESS, true);
    const [finding] = await home.examine(tokenFiles);
    expect(finding).toMatchObject({
      severity: "error",
      seen: `the token file of ${ADDRESS} is not kept: no agent runs. There is no ${tokenFilePath(home.paths, ADDRESS)}`,
      remedy: ["mailkey agent install"],
    });
    await runAgent(status({ state: "locked" }));
    expect(await home.examine(tokenFiles)).toMatchObject([
      {
        severity: "warning",
        seen: `the token file of ${ADDRESS} is not there while the agent is locked`,
        remedy: ["mailkey agent unlock"],
      },
    ]);
  });

  test.if(isInMemory("/dev/shm"))("hands on what the agent says is in the way", async () => {
    setTokenFile(home.paths, ADDRESS, true);
    await runAgent(status());
    expect(await home.examine(tokenFiles)).toEqual([]);
    agent?.close();
    await runAgent(status({ token_files: { addresses: [], problem: "no token files: it is raining" } }));
    expect((await home.examine(tokenFiles)).map(({ seen }) => seen)).toEqual(["no token files: it is raining"]);
  });

  test("reports a folder on a disk, where none is kept", async () => {
    setTokenFile(home.paths, ADDRESS, true);
    const paths = { ...home.paths, runtime: join(import.meta.dir, "run") };
    const [finding] = await home.examine(tokenFiles, { paths });
    expect(finding?.seen).toBe(
      `the token file of ${ADDRESS} is kept in memory alone, and ${paths.runtime} is on a disk`,
    );
    expect(finding?.remedy).toEqual([`mailkey agent token-file --off ${ADDRESS}`, "mailkey setup"]);
  });
});
