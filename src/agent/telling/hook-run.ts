/** One run of a user's command: in a process group of its own, with an end, and with what it prints on one line at a time. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Environment } from "../../platform/paths.ts";

export interface HookRun {
  /** How it ended, for the log: `exit 0`, `exit 3`, `SIGKILL`, `took too long`. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it, and what it has started. Resolves when it is gone. */
  end(): Promise<void>;
}

/** For a `trap` in the user's script; then it is killed. */
const GRACE_MS = 1000;
/** What a hook prints is for finding its mistakes; the rest is read and thrown away. */
const MAX_OUTPUT_BYTES = 4096;

/** @param print receives each line, without what might be a secret of the command's own */
export function runHook(command: string, env: Environment, limitMs: number, print: (line: string) => void): HookRun {
  const isWindows = process.platform === "win32";
  const [program, args] = isWindows
    ? [process.env["ComSpec"] ?? "cmd.exe", ["/d", "/s", "/c", command]]
    : ["/bin/sh", ["-c", command]];
  const child = spawn(program, args, { env: { ...env }, stdio: ["ignore", "pipe", "pipe"], detached: !isWindows });
  collectLines(child, print);
  let isLate = false;
  let killTimer: NodeJS.Timeout | undefined;
  const signal = (name: NodeJS.Signals) => signalGroup(child, name);
  const stop = () => {
    signal("SIGTERM");
    killTimer ??= setTimeout(() => signal("SIGKILL"), GRACE_MS);
  };
  const limit = setTimeout(() => {
    isLate = true;
    stop();
  }, limitMs);
  const ended = new Promise<string>((resolve) => {
    const finish = (how: string) => {
      clearTimeout(limit);
      clearTimeout(killTimer);
      if (killTimer !== undefined) signal("SIGKILL"); // the shell is gone; what it had started may not be
      resolve(isLate ? "took too long" : how);
    };
    child.once("error", () => finish("cannot be started"));
    child.once("exit", (status, by) => finish(by ?? `exit ${status ?? 1}`));
  });
  return {
    ended,
    async end() {
      stop();
      await ended;
    },
  };
}

/** A group outlives its leader, and its number with it: as long as somebody is in it, it is nobody else's. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // all of it has ended
  }
}

function collectLines(child: ChildProcess, print: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let text = "";
    let left = MAX_OUTPUT_BYTES;
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.subarray(0, left).toString("utf8");
      left -= Math.min(left, chunk.length);
      const lines = text.split("\n");
      text = left === 0 ? "" : (lines.pop() ?? "");
      for (const line of lines) if (line.trim() !== "") print(withoutLongWords(line));
    });
    stream?.on("close", () => {
      if (text.trim() !== "") print(withoutLongWords(text));
    });
    stream?.on("error", () => undefined);
  }
}

/** A command may print a token, of whatever provider: what is as long as one is left out, unless it is the path of a file. */
function withoutLongWords(line: string): string {
  return line.replace(/[^\s"'=:,;]{24,}/g, (word) => (PATH.test(word) ? word : "[redacted]"));
}

/** Of short names: a token in base64 has slashes, too, but not that often. */
const PATH = /^[~.]?(\/[\w.@+-]{0,23})+$/;
