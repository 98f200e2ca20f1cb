/** Where a process listens: on a socket that systemd hands over, or on its own path, of which no other one is the owner. */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import { ensurePrivateFolder, storageError } from "../platform/files.ts";
import { tryLock, type Lock } from "../platform/lock.ts";
import type { Environment } from "../platform/paths.ts";
import type { LineServer } from "./line-server.ts";

/** The first descriptor that is handed over. @see sd_listen_fds(3) */
const FIRST_DESCRIPTOR = 3;
/** The longest path of a socket: `sun_path`, without the zero at its end. */
const MAX_PATH_BYTES = process.platform === "linux" ? 107 : 103;

/**
 * One such process for each user and home: held while it lives, and freed by the kernel.
 *
 * @param path of its lock
 * @returns undefined when another one has it
 * @throws ERR_STORAGE
 */
export async function beTheOnlyOne(path: string): Promise<Lock | undefined> {
  ensurePrivateFolder(dirname(path));
  return tryLock(path);
}

/** Whether a socket has been handed over to this very process. @see sd_listen_fds(3) */
export function isActivated(env: Environment): boolean {
  return env["LISTEN_PID"] === String(process.pid) && Number(env["LISTEN_FDS"]) >= 1;
}

/** The sockets that have been handed over, each with the name that its unit gives it. @see sd_listen_fds_with_names(3) */
export function handedOver(env: Environment): readonly { readonly fd: number; readonly name: string }[] {
  const names = (env["LISTEN_FDNAMES"] ?? "").split(":");
  const count = isActivated(env) ? Number(env["LISTEN_FDS"]) : 0;
  return Array.from({ length: count }, (_, index) => ({
    fd: FIRST_DESCRIPTOR + index,
    name: names[index] ?? "unknown",
  }));
}

/** The environment without what says so: children are not meant. */
export function withoutActivation(env: Environment): Environment {
  const { LISTEN_PID: _pid, LISTEN_FDS: _count, LISTEN_FDNAMES: _names, ...rest } = env;
  return rest;
}

/** @throws ERR_STORAGE, ERR_CONFIG */
export async function listen(server: LineServer, path: string, activated: boolean): Promise<void> {
  try {
    if (activated) return await server.listen({ fd: FIRST_DESCRIPTOR });
    if (Buffer.byteLength(path) > MAX_PATH_BYTES)
      throw new MailkeyError("ERR_CONFIG", `the path of the socket is longer than sockets allow: ${path}`, {
        hint: "set XDG_RUNTIME_DIR to a short path",
      });
    removeLeftover(path);
    await server.listen({ path });
    chmodSync(path, 0o600);
  } catch (error) {
    throw error instanceof MailkeyError ? error : storageError(`cannot listen at ${path}`, error);
  }
}

/**
 * Tells later whether the file of that path is still the one that is there now: at the end of a session, for one, the folder goes, and
 * a process in the background may stay. Always true where there is none: systemd may listen elsewhere.
 */
export function stillThere(path: string): () => boolean {
  const mark = () => {
    try {
      const { dev, ino, birthtimeMs } = lstatSync(path);
      return `${dev}.${ino}.${birthtimeMs}`; // an inode's number is used again, but born at another time
    } catch {
      return undefined;
    }
  };
  const own = mark();
  return () => own === undefined || mark() === own;
}

/** Of one that was killed: we are the only one. */
export function removeLeftover(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}
