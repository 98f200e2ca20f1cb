/**
 * A lock between processes that the kernel releases when its holder dies, `kill -9` and power loss included.
 *
 * It is the exclusive lock of an empty SQLite database: both runtimes bring SQLite, and SQLite brings the advisory
 * record locks of every system mailkey runs on (fcntl on Unix, LockFileEx on Windows), between connections of the same
 * process too. Nothing is ever written to the file. Lock files with a process id inside were left out on purpose: taking
 * over a dead holder's file cannot be done without a race, and process ids mean nothing across containers.
 *
 * @see https://sqlite.org/lockingv3.html
 */
import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { MailkeyError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { ensurePrivateFolder } from "./files.ts";
import type { Paths } from "./paths.ts";
import { isBun } from "./runtime.ts";

export interface Lock {
  release(): void;
}

export interface AcquireOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** The pauses between attempts: short at first, since most holders only read and write one file. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/** Where the lock of one stored credential is. `name` is the account's name in the vault. */
export function accountLockPath(paths: Paths, name: string): string {
  return join(paths.state, "locks", `${name}.lock`);
}

/**
 * Takes the lock at `path`, waiting for its holder. The kernel keeps no queue: who asks first after the release gets it.
 *
 * @throws ERR_LOCK_TIMEOUT after `timeoutMs`, ERR_STORAGE, the signal's reason
 */
export async function acquireLock(path: string, options: AcquireOptions): Promise<Lock> {
  let waitedMs = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const lock = await tryLock(path);
    if (lock !== undefined) return lock;
    if (waitedMs >= options.timeoutMs) {
      throw new MailkeyError("ERR_LOCK_TIMEOUT", `another mailkey has held ${path} for ${options.timeoutMs} ms`);
    }
    await options.clock.sleep(pauseMs, options.signal);
    waitedMs += pauseMs;
  }
}

/**
 * Tries to take the lock at `path` (created when missing) once, without waiting.
 *
 * @returns the lock, or undefined when another holder has it
 * @throws ERR_STORAGE when the lock file cannot be used
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  ensurePrivateFolder(dirname(path));
  let database: Database | undefined;
  try {
    database = await openDatabase(path);
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("PRAGMA journal_mode = MEMORY"); // otherwise a journal is begun on disk, which fails when that is full
    database.exec("BEGIN EXCLUSIVE");
    chmodQuietly(path);
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw new MailkeyError("ERR_STORAGE", `cannot lock ${path}: ${reasonOf(error)}`, { cause: error });
  }
  const held = database;
  return {
    release() {
      held.close(); // rolls the empty transaction back and gives the lock up
    },
  };
}

interface Database {
  exec(sql: string): unknown;
  close(): void;
}

async function openDatabase(path: string): Promise<Database> {
  if (isBun) {
    const { Database } = await import("bun:sqlite");
    return new Database(path);
  }
  const sqlite = await withoutExperimentalWarning(() => import("node:sqlite"));
  return new sqlite.DatabaseSync(path);
}

/** Node 22 and 24 warn on stderr that node:sqlite is experimental; what is used of it here has not changed since. */
async function withoutExperimentalWarning<T>(load: () => Promise<T>): Promise<T> {
  const original = Object.getOwnPropertyDescriptor(process, "emitWarning");
  process.emitWarning = () => undefined;
  try {
    return await load();
  } finally {
    if (original !== undefined) Object.defineProperty(process, "emitWarning", original);
  }
}

/** SQLITE_BUSY is result code 5: `errno` in Bun, `errcode` in Node. @see https://sqlite.org/rescode.html#busy */
function isBusy(error: unknown): boolean {
  const { errno, errcode } = error as { errno?: unknown; errcode?: unknown };
  return errno === 5 || errcode === 5;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function chmodQuietly(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {
    // the folder is private already
  }
}
