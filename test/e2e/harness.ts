/**
 * Drives the built program: the executable or the Node bundle, whichever MAILKEY_ARTEFACT names. Everything is asynchronous, since
 * the lab's authorization server lives in this very process.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import type { World } from "../../lab/world.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The file under test. */
export const ARTEFACT = process.env["MAILKEY_ARTEFACT"] ?? join(root, "dist", "mailkey");
export const IS_NODE = ARTEFACT.includes(join("dist", "node"));
/** The project's own Node.js, in a folder of its own, so that `#!/usr/bin/env node` finds it. */
const NODE_FOLDER = join(root, "node_modules", "node", "bin");
const BROWSER = join(root, "lab", "browser");

export interface Result {
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** Everything is killed after this: no program here takes a minute. */
const LIMIT_MS = 90_000;

/** One user's empty home, with mailkey in it. */
export class Home {
  readonly folder = mkdtempSync(join(tmpdir(), "mk-"));
  readonly world: World | undefined;
  /** Added to every run. */
  readonly env: Record<string, string> = {};

  constructor(world?: World) {
    this.world = world;
    mkdirSync(join(this.folder, "run"), { mode: 0o700 });
  }

  /** A program's environment: nothing of the developer's own but PATH. */
  environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    const path = IS_NODE ? `${NODE_FOLDER}:${process.env["PATH"] ?? ""}` : (process.env["PATH"] ?? "");
    return {
      HOME: this.folder,
      PATH: path,
      LANG: "C.UTF-8",
      XDG_RUNTIME_DIR: join(this.folder, "run"),
      BROWSER,
      LAB_LOGIN: this.world?.address ?? "",
      LAB_CA: this.world?.caFile ?? "",
      ...this.world?.environment,
      ...this.env,
      ...extra,
    };
  }

  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    return spawn(ARTEFACT, [...args], {
      env: this.environment(options.env),
      cwd: options.cwd ?? this.folder,
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  mailkey(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const child = this.start(args, options);
    child.stdin?.end(options.input ?? "");
    return finish(child);
  }

  /** Runs any other program in this home. */
  program(name: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const child = spawn(name, [...args], {
      env: this.environment(options.env),
      cwd: options.cwd ?? this.folder,
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.end(options.input ?? "");
    return finish(child);
  }

  /** The command line that mail programs are given. */
  tokenCommand(address = this.address): string {
    return `${ARTEFACT} token ${address}`;
  }

  get address(): string {
    return this.world?.address ?? "nobody@mail.test";
  }

  /** `mailkey add` for the world's address: Microsoft's facts with the world's endpoints and servers. */
  add(extra: readonly string[] = [], options: RunOptions = {}): Promise<Result> {
    if (this.world === undefined) throw new Error("this home has no world");
    return this.mailkey(["add", this.address, ...mailkeyFlags(this.world), ...extra], options);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function finish(child: ChildProcess): Promise<Result> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status: status ?? 128, signal, stdout, stderr });
    });
  });
}

/** Fails with what the program said. */
export function succeeded(result: Result): Result {
  if (result.status !== 0)
    throw new Error(`exit ${result.status}${result.signal ?? ""}\n${result.stdout}\n${result.stderr}`);
  return result;
}

export const bundleFolder = dirname(ARTEFACT);
