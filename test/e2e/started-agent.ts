/** An agent in the foreground, with all that it has logged. */
import { spawn, type ChildProcess } from "node:child_process";
import { ARTEFACT, type Home } from "./harness.ts";

export interface StartedAgent {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly log: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** For a shell, which then becomes the agent: `ulimit …`. */
  readonly first?: string;
}

/** Resolves when it listens. @throws Error with its last words when it ends instead */
export function startAgent(home: Home, { env, first = ":" }: StartOptions = {}): Promise<StartedAgent> {
  const child = spawn("sh", ["-c", `${first}; exec "$0" agent run`, ARTEFACT], {
    env: home.environment(env),
    cwd: home.folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (!log.includes("agent started")) return;
      resolve({
        child,
        pid: child.pid ?? 0,
        get log() {
          return log;
        },
      });
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the agent ended: ${log}`)));
  });
}
