/** An agent to measure: started, pinned to a processor, asked what the kernel knows of it. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { askAgent, socketPath } from "../src/agent/client/ask-agent.ts";
import { PROTOCOL_VERSION, type Request } from "../src/agent/protocol.ts";
import { resolvePaths, type Environment, type Paths } from "../src/platform/paths.ts";
import { IDLE_ENVIRONMENT } from "../src/platform/runtime.ts";

const PATIENCE_MS = 30_000;
/** Of Linux, for programs. */
const TICKS_PER_SECOND = 100;

export class RunningAgent {
  readonly #child: ChildProcess;
  readonly paths: Paths;

  private constructor(child: ChildProcess, paths: Paths) {
    this.#child = child;
    this.paths = paths;
  }

  /** Started as its units and `agent start` do. Resolves when it answers. @param command how mailkey is run */
  static async start(command: readonly [string, ...string[]], env: Environment): Promise<RunningAgent> {
    const [program, ...args] = command;
    const child = spawn(program, [...args, "agent", "run"], {
      env: { ...env, ...IDLE_ENVIRONMENT },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const agent = new RunningAgent(child, resolvePaths(env));
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end && child.exitCode === null; await sleep(10))
      if ((await askAgent(agent.paths, { do: "status" })) !== undefined) return agent;
    child.kill("SIGKILL");
    throw new Error("the agent did not start");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get socket(): string {
    return socketPath(this.paths);
  }

  /** The line that asks for a token. */
  request(address: string): string {
    const { config, state } = this.paths;
    return JSON.stringify({ v: PROTOCOL_VERSION, do: "token", config, state, address } satisfies Request);
  }

  /** Of the process and all its threads, from now on. */
  pinTo(processor: number): void {
    spawnSync("taskset", ["-a", "-c", "-p", String(processor), String(this.pid)], { stdio: "ignore" });
  }

  /** What it has used of processors so far. */
  get processorSeconds(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Resident memory in MB. */
  get residentMb(): number {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1]) / 1024;
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** How often each of its threads has been woken so far, by thread: every wait that ended. */
  wakeUps(): Map<string, number> {
    const threads = readdirSync(`/proc/${this.pid}/task`).map((id) => {
      const status = readFileSync(`/proc/${this.pid}/task/${id}/status`, "utf8");
      const count = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
      return [`${/^Name:\s+(.+)$/m.exec(status)?.[1] ?? "?"} ${id}`, count] as const;
    });
    return new Map(threads);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGTERM");
    await ended;
  }
}
