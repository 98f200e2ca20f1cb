/**
 * What the agent is worth and what it costs, in one run: how long a mail program waits for a token with and without it, beside `cat`
 * of a token file and mutt_oauth2.py; how many answers it gives on one processor; how long a hundred clients wait among nine hundred
 * that say nothing; what it needs with 500 accounts, and how often it wakes. For times, the machine should have nothing else to do; what
 * is told of a second of the processor's work is true on any.
 *
 *   npm run bench:agent [-- ROUNDS [IDLE_SECONDS]]
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { tokenFilePath } from "../src/accounts/token-file.ts";
import { askAgent } from "../src/agent/client/ask-agent.ts";
import { resolvePaths } from "../src/platform/paths.ts";
import { ADDRESS, EXECUTABLE, Homes, ON_NODE } from "./homes.ts";
import { measure, timingTable, type Contender } from "./measure.ts";
import { RunningAgent } from "./running-agent.ts";

const [rounds = 60, idleSeconds = 60] = process.argv.slice(2).map(Number);
const ACCOUNTS = 500;
const LOAD_SECONDS = 4;
/** The agent tidies up when it has had nothing to do for 5 to 10 s. */
const LULL_MS = 12_000;
const AGENTS_PROCESSOR = 0;
const CLIENTS_PROCESSOR = 1;

const homes = new Homes();
const scratch = mkdtempSync(join(tmpdir(), "mkb-"));
try {
  await waiting();
  await answering();
  await idling();
} finally {
  homes.dispose();
  rmSync(scratch, { recursive: true, force: true });
}

async function waiting(): Promise<void> {
  const withAgent = await homes.create("agent", ["init", "age"], [ADDRESS], true);
  const age = await homes.create("age", ["init", "age"]);
  const gpg = await homes.create("gpg", ["init", "gpg", "--no-passphrase"]);
  const agent = await RunningAgent.start([EXECUTABLE], withAgent);
  const token = ["token", ADDRESS] as const;
  const script = homes.muttScript();
  const contenders: Contender[] = [
    { name: "/bin/true", command: ["/bin/true"] },
    { name: "cat of a token file", command: ["/bin/cat", tokenFilePath(resolvePaths(withAgent), ADDRESS)] },
    { name: "Bun's executable that does nothing", command: [bareExecutable()] },
    { name: "mailkey token, agent", command: [EXECUTABLE, ...token], env: withAgent },
    { name: "mailkey token, age vault", command: [EXECUTABLE, ...token], env: age },
    { name: "mailkey token, gpg vault", command: [EXECUTABLE, ...token], env: gpg },
    { name: "Node that does nothing", command: [ON_NODE[0], "--eval", "0"] },
    { name: "mailkey token, agent, on Node", command: [...ON_NODE, ...token], env: withAgent },
    ...(script === undefined ? [] : [script]),
  ];
  try {
    await askAgent(agent.paths, { do: "token", address: ADDRESS });
    process.stdout.write(timingTable(measure(contenders, rounds), script?.name));
  } finally {
    await agent.stop();
  }
}

/** What nothing made by this compiler can be quicker than. */
function bareExecutable(): string {
  const source = join(scratch, "nothing.ts");
  const outfile = join(scratch, "nothing");
  writeFileSync(source, 'import { writeSync } from "node:fs";\nwriteSync(1, "t\\n");\nprocess.exit(0);\n');
  const flags = ["--compile", "--bytecode", "--minify", "--format=esm", `--outfile=${outfile}`];
  const { status, stderr } = spawnSync(process.execPath, ["build", source, ...flags], { cwd: scratch });
  if (status !== 0) throw new Error(stderr.toString());
  return outfile;
}

async function answering(): Promise<void> {
  const env = await homes.create("answering", ["init", "age"]);
  const agent = await RunningAgent.start([EXECUTABLE], env);
  try {
    agent.pinTo(AGENTS_PROCESSOR);
    const request = agent.request(ADDRESS);
    await load(agent.socket, request, 1, 1); // until it is compiled
    for (const connections of [1, 4, 16]) {
      const before = agent.processorSeconds;
      const { answers, seconds } = await load(agent.socket, request, connections, LOAD_SECONDS);
      const used = agent.processorSeconds - before;
      const [perSecond, perUsed] = [seconds, used].map((each) => Math.round(answers / each).toLocaleString("en"));
      say(
        `${connections} connection(s), one request after the other`,
        `${perSecond} answers/s; ${perUsed} for each second that the processor worked for it`,
      );
    }
    for (const when of ["after", "together"] as const) await crowd(agent, when);
  } finally {
    await agent.stop();
  }
}

async function load(socket: string, request: string, connections: number, seconds: number) {
  const child = started(process.execPath, ["load.ts", socket, request, connections, seconds]);
  spawnSync("taskset", ["-a", "-c", "-p", String(CLIENTS_PROCESSOR), String(child.pid)], { stdio: "ignore" });
  const { stdout } = await ended(child);
  return JSON.parse(stdout) as { answers: number; seconds: number };
}

/** A thousand clients. @param when they connect: all at the same moment, or those who ask when the others are there */
async function crowd(agent: RunningAgent, when: "together" | "after"): Promise<void> {
  const child = started("/usr/bin/python3", ["crowd.py", agent.socket, agent.request(ADDRESS), 1000, when]);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  const before = agent.processorSeconds;
  child.stdin?.write("go\n");
  const waits = (JSON.parse((await ended(child)).stdout) as number[]).toSorted((a, b) => a - b);
  const workedMs = Math.round(1000 * (agent.processorSeconds - before));
  const at = (share: number) => `${(waits[Math.ceil(waits.length * share) - 1] ?? NaN).toFixed(1)} ms`;
  say(
    `${waits.length} clients ${when === "together" ? "and 900 silent ones, all come at once" : "come at once, 900 silent are there"}`,
    `median ${at(0.5)}, p99 ${at(0.99)}, last ${at(1)}; the agent worked ${workedMs} ms for it`,
  );
}

/** @param words a script of this folder and its arguments */
function started(program: string, words: readonly (string | number)[]): ChildProcess {
  const here = fileURLToPath(new URL(".", import.meta.url));
  return spawn(program, words.map(String), { cwd: here, stdio: ["pipe", "pipe", "inherit"] });
}

function ended(child: ChildProcess): Promise<{ readonly stdout: string }> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve({ stdout }) : reject(new Error(`exit ${status}`))));
  });
}

async function idling(): Promise<void> {
  const addresses = Array.from({ length: ACCOUNTS }, (_, index) => `user${index}@hotmail.com`);
  const env = await homes.create("idling", ["init", "age"], addresses);
  const agent = await RunningAgent.start([EXECUTABLE], env);
  try {
    say(`${ACCOUNTS} accounts, as soon as it answers`, `${agent.residentMb.toFixed(0)} MB`);
    await sleep(LULL_MS);
    say(`${ACCOUNTS} accounts, idle after start`, `${agent.residentMb.toFixed(0)} MB`);
    for (const address of addresses) await askAgent(agent.paths, { do: "token", address });
    say(`${ACCOUNTS} accounts, each asked for once`, `${agent.residentMb.toFixed(0)} MB`);
    await sleep(LULL_MS);
    say(`${ACCOUNTS} accounts, idle after that`, `${agent.residentMb.toFixed(0)} MB`);
    const before = agent.wakeUps();
    await sleep(idleSeconds * 1000);
    const woken = [...agent.wakeUps()].map(([thread, count]) => [thread, count - (before.get(thread) ?? 0)] as const);
    const busy = woken.filter(([, count]) => count > 0).map(([thread, count]) => `${thread}: ${count}`);
    say(`woken in ${idleSeconds} s without a request`, busy.length === 0 ? "never" : busy.join(", "));
  } finally {
    await agent.stop();
  }
}

function say(what: string, result: string): void {
  process.stdout.write(`${what.padEnd(52)}${result}\n`);
}
