/**
 * Token files: the access token of an account that asks for it, in a file in memory, for programs that read one and for `cat` as a
 * password command. An observer of the agent's events.
 *
 * A file is there exactly while the agent runs, is unlocked and has a token that is valid: it is removed on lock and stop, when its
 * account is gone or wants none any more, and at the token's end. What a killed agent has left is removed by the next one. Files are
 * replaced by renaming, so that a reader finds the old token or the new one; nothing is written through a link, or to a disk.
 */
import { lstatSync, mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { tokenFilePath, tokenFolder } from "../accounts/token-file.ts";
import { MailkeyError, isMailkeyError, systemErrorCode } from "../errors.ts";
import type { Alarm } from "../platform/alarm.ts";
import { elapsedMs, type Clock } from "../platform/clock.ts";
import { storageError, writeAtomically } from "../platform/files.ts";
import type { Paths } from "../platform/paths.ts";
import type { AccessToken } from "../tokens/credential.ts";
import { remainingSeconds } from "../tokens/freshness.ts";
import type { AgentEvent, Target } from "./event.ts";

export interface TokenFilePorts {
  readonly paths: Paths;
  readonly clock: Clock;
  /** For this observer alone. */
  readonly alarm: Alarm;
  /** Whether the account wants a file, and this is the resource whose token belongs in there. */
  wants(target: Target): boolean;
  /** `platform/memory-folder.ts`, except in tests. */
  isInMemory(folder: string): boolean;
  /** For the log. */
  warn(message: string): void;
}

/** A file that is there: whose it is, and how long its token lasts. */
interface Kept extends Pick<AccessToken, "obtainedAt" | "lifetimeSeconds"> {
  readonly target: Target;
}

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const GROUP_OR_OTHERS = 0o077;

export class TokenFiles {
  readonly #ports: TokenFilePorts;
  readonly #folder: string;
  /** The files that are there, by path. */
  readonly #kept = new Map<string, Kept>();
  /** A renewal that was under way when everything was forgotten still brings its token. */
  #isLocked = false;
  #problem: string | undefined;

  constructor(ports: TokenFilePorts) {
    this.#ports = ports;
    this.#folder = tokenFolder(ports.paths);
  }

  /** Removes what an earlier agent left. To be called before the first event, by the one agent of this user. */
  start(): void {
    try {
      for (const folder of this.#folders()) if (!isPrivate(folder)) return;
      for (const name of readdirSync(this.#folder)) this.#remove(join(this.#folder, name));
    } catch (error) {
      this.#report(messageOf(error));
    }
  }

  /** Removes the files that are wanted no more. To be called when configuration or accounts have changed. */
  review(): void {
    this.#problem = undefined; // told again if it is still one
    for (const [path, { target }] of this.#kept) if (!this.#ports.wants(target)) this.#forget(path);
    this.#wakeAtNextEnd();
  }

  /** Leaves what is there: the folder is gone, and what comes in its place is another agent's. */
  disown(): void {
    this.#isLocked = true;
    this.#kept.clear();
    this.#wakeAtNextEnd();
  }

  /** Why there are no files though some are wanted, for `agent status`; undefined when all is well. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The addresses that have a file now, for `agent status`. */
  get addresses(): readonly string[] {
    return [...this.#kept.values()].map(({ target }) => target.address).toSorted();
  }

  readonly observe = (event: AgentEvent): void => {
    if (event.kind === "failed") return; // what is valid stays until its end
    if (event.kind === "token") this.#keep(event.target, event.token);
    else if (event.kind === "gone") this.#drop(event.target);
    else this.#setLocked(event.kind === "locked");
    this.#wakeAtNextEnd();
  };

  #keep(target: Target, token: AccessToken): void {
    if (this.#isLocked || !this.#ports.wants(target)) return;
    if (remainingSeconds(token, this.#ports.clock.now()) <= 0) return;
    const { obtainedAt, lifetimeSeconds } = token;
    const path = tokenFilePath(this.#ports.paths, target.address);
    const before = this.#kept.get(path);
    // Two attempts end in any order: what was read before the last renewal comes too late.
    if (before !== undefined && elapsedMs(before.obtainedAt, obtainedAt) < 0) return;
    try {
      this.#prepareFolder();
      writeAtomically(path, `${token.value.reveal()}\n`, { mode: PRIVATE_FILE });
      this.#kept.set(path, { target, obtainedAt, lifetimeSeconds });
      this.#problem = undefined;
    } catch (error) {
      this.#report(messageOf(error));
    }
  }

  #setLocked(isLocked: boolean): void {
    this.#isLocked = isLocked;
    if (isLocked) for (const path of this.#kept.keys()) this.#forget(path);
  }

  #drop({ address, resource }: Target): void {
    const path = tokenFilePath(this.#ports.paths, address);
    if (this.#kept.get(path)?.target.resource === resource) this.#forget(path);
  }

  #forget(path: string): void {
    this.#kept.delete(path);
    this.#remove(path);
  }

  #remove(path: string): void {
    try {
      unlinkSync(path);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== "ENOENT") this.#report(messageOf(storageError(`cannot remove ${path}`, error)));
    }
  }

  /** @throws ERR_UNSUPPORTED where it would be on a disk, ERR_UNTRUSTED_FILE, the system's errors */
  #prepareFolder(): void {
    const { runtime } = this.#ports.paths;
    if (!this.#ports.isInMemory(runtime))
      throw new MailkeyError("ERR_UNSUPPORTED", `no token files: ${runtime} is not on a file system in memory (tmpfs)`);
    for (const folder of this.#folders()) {
      mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER });
      isPrivate(folder);
    }
  }

  #folders(): readonly string[] {
    return [this.#ports.paths.runtime, this.#folder];
  }

  #wakeAtNextEnd(): void {
    const { alarm, clock } = this.#ports;
    const now = clock.now();
    const left = [...this.#kept.values()].map((kept) => remainingSeconds(kept, now));
    if (left.length === 0) alarm.clear();
    else alarm.set(Math.max(0, Math.min(...left) * 1000), () => this.#removeExpired());
  }

  #removeExpired(): void {
    const now = this.#ports.clock.now();
    for (const [path, kept] of this.#kept) if (remainingSeconds(kept, now) <= 0) this.#forget(path);
    this.#wakeAtNextEnd();
  }

  /** Once, not at every renewal. */
  #report(problem: string): void {
    if (problem !== this.#problem) this.#ports.warn(problem);
    this.#problem = problem;
  }
}

/** @returns false when it is not there. @throws ERR_UNTRUSTED_FILE when it is a link, another user's, or open to others */
function isPrivate(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isDirectory()) throw untrusted(`${folder} is not a folder`);
  if (stat.uid !== process.getuid?.()) throw untrusted(`${folder} belongs to another user (uid ${stat.uid})`);
  if ((stat.mode & GROUP_OR_OTHERS) !== 0) throw untrusted(`other users can get into ${folder}`);
  return true;
}

function untrusted(why: string): MailkeyError {
  return new MailkeyError("ERR_UNTRUSTED_FILE", `no token files: ${why}`);
}

function messageOf(error: unknown): string {
  return isMailkeyError(error) ? error.message : storageError("no token files", error).message;
}
