/** Runs other programs. Secrets travel through pipes: never through arguments, never through the environment. */
import type { ChildProcess, StdioOptions } from "node:child_process";
import { MailkeyError, systemErrorCode } from "../errors.ts";

export interface RunOptions {
  /** Written to standard input, which is empty and closed otherwise. */
  readonly input?: Uint8Array | string;
  /** Hands the terminal over as standard input instead. */
  readonly inheritStdin?: boolean;
  /** Written to file descriptor 3, for `--passphrase-fd 3` and the like. */
  readonly extraInput?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Shows the program's stderr to the user as it comes instead of collecting it. */
  readonly showStderr?: boolean;
  /** Milliseconds after which the program is killed. None by default: pinentry waits for people. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** The exit status; 128 + signal number is not used, `signal` says it. */
  readonly status: number;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** More than any credential; a program that prints more is not what it claims to be. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * Runs a program without a shell and waits for its end. A non-zero exit status is a result, not an error.
 *
 * @throws ERR_PROGRAM when it cannot be started, times out, or prints more than 4 MiB
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { spawn } = await import("node:child_process"); // most tokens are had without
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    try {
      child = spawn(program, [...args], {
        stdio: stdioOf(options),
        ...(options.env === undefined ? {} : { env: options.env }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    } catch (error) {
      return reject(startError(program, error)); // Bun throws what Node emits
    }
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    let failure: MailkeyError | undefined;
    const stop = (message: string) => {
      failure ??= new MailkeyError("ERR_PROGRAM", `${program} ${message}`, { details: { program } });
      child.kill("SIGKILL");
    };
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) stop("printed too much");
      else into.push(chunk);
    };
    child.stdout?.on("data", collect(stdout));
    child.stderr?.on("data", collect(stderr));
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => stop(`did not end within ${options.timeoutMs} ms`), options.timeoutMs);

    child.on("error", (error) => {
      clearTimeout(timer);
      reject(startError(program, error));
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      if (failure !== undefined) return reject(failure);
      const output = Buffer.concat(stdout);
      for (const chunk of stdout) chunk.fill(0); // it may be a credential, and the caller has its copy
      resolve({
        status: status ?? 1,
        signal: signal ?? undefined,
        stdout: output,
        stderr: Buffer.concat(stderr).toString("utf8"),
      });
    });

    // A program that ends without reading its input is judged by its exit status, not by our broken pipe.
    feed(child.stdin, options.input);
    const [, , , extra] = (child.stdio as typeof child.stdio | undefined) ?? []; // Bun has none when it cannot start
    feed(extra as NodeJS.WritableStream | null | undefined, options.extraInput);
  });
}

function stdioOf({ inheritStdin, input, extraInput, showStderr }: RunOptions): StdioOptions {
  return [
    inheritStdin === true ? "inherit" : input === undefined ? "ignore" : "pipe",
    "pipe",
    showStderr === true ? "inherit" : "pipe",
    extraInput === undefined ? "ignore" : "pipe",
  ];
}

/** Runs a line of the user's configuration through `sh -c` (`cmd /c` on Windows), as mail programs do with theirs. */
export function runShell(command: string, options: RunOptions = {}): Promise<RunResult> {
  return process.platform === "win32"
    ? run(process.env["ComSpec"] ?? "cmd.exe", ["/d", "/s", "/c", command], options)
    : run("/bin/sh", ["-c", command], options);
}

function feed(stream: NodeJS.WritableStream | null | undefined, content: Uint8Array | string | undefined): void {
  if (stream === null || stream === undefined || content === undefined) return;
  stream.on("error", () => undefined);
  stream.end(content);
}

function startError(program: string, cause: unknown): MailkeyError {
  const missing = systemErrorCode(cause) === "ENOENT";
  return new MailkeyError("ERR_PROGRAM", missing ? `${program} is not installed` : `cannot run ${program}`, {
    cause,
    details: { program, missing },
  });
}
