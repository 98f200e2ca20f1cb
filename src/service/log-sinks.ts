/** Where a log goes: standard error, which is the journal under systemd, or a file of bounded size. */
import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensurePrivateFolder } from "../platform/files.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { writeStderr } from "../platform/stdio.ts";
import type { LogLevel } from "./log-level.ts";
import type { Sink } from "./log.ts";

/** @see sd-daemon(3) */
const PRIORITIES: Readonly<Record<LogLevel, string>> = { error: "<3>", warn: "<4>", info: "<6>", debug: "<7>" };

export function stderrSink(env: Environment): Sink {
  const isJournal = leadsToJournal(2, env);
  return (line, level) => writeStderr(`${isJournal ? PRIORITIES[level] : ""}${line}\n`);
}

/**
 * Whether the descriptor is the stream that systemd connected to the journal, and not one that it was redirected to since.
 *
 * @see systemd.exec(5) $JOURNAL_STREAM: device and inode
 */
export function leadsToJournal(descriptor: number, env: Environment): boolean {
  const stream = env["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Of a process that runs detached. @param name the process's: `agent`, `proxy` */
export function logPath({ state }: Pick<Paths, "state">, name: string): string {
  return join(state, name, `${name}.log`);
}

/** Two of these are the most that a detached process leaves behind; at level info that is months. */
const MAX_LOG_BYTES = 1024 * 1024;

/** Without waiting: opening a pipe in the log's place would hold the process up until somebody reads it. */
const APPEND =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** Appends to a file (0600); when it grows beyond `maxBytes` it becomes `PATH.1`, in the place of the one before. */
export function fileSink(path: string, maxBytes = MAX_LOG_BYTES): Sink & { close(): void } {
  let file: { readonly descriptor: number; size: number } | undefined;
  const open = () => {
    ensurePrivateFolder(dirname(path));
    const descriptor = openSync(path, APPEND, 0o600);
    return { descriptor, size: fstatSync(descriptor).size };
  };
  const close = () => {
    if (file !== undefined) closeSync(file.descriptor);
    file = undefined;
  };
  const write = (line: string) => {
    const bytes = new TextEncoder().encode(`${line}\n`);
    file ??= open();
    if (file.size > 0 && file.size + bytes.length > maxBytes) {
      close();
      renameSync(path, `${path}.1`);
      file = open();
    }
    file.size += writeSync(file.descriptor, bytes);
  };
  return Object.assign(write, { close });
}
