/** Where mailkey keeps its files. @see https://specifications.freedesktop.org/basedir-spec/latest/ */
import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { MailkeyError } from "../errors.ts";

export interface Paths {
  /** Written by the user: `config.toml`, `accounts/`. */
  readonly config: string;
  /** Written by mailkey and worth a backup: `vault/`, `status/`. */
  readonly state: string;
  /** Gone at logout: sockets, token files. */
  readonly runtime: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Resolves the folders from the environment: `MAILKEY_HOME` puts all under one folder, otherwise XDG's variables count,
 * and relative values in them are ignored as the specification demands.
 *
 * @throws ERR_CONFIG when `MAILKEY_HOME` is relative, or no home folder is known.
 */
export function resolvePaths(env: Environment): Paths {
  const home = env["MAILKEY_HOME"];
  if (home !== undefined && home !== "") {
    if (!isAbsolute(home)) throw new MailkeyError("ERR_CONFIG", `MAILKEY_HOME is not an absolute path: ${home}`);
    return { config: join(home, "config"), state: join(home, "state"), runtime: join(home, "run") };
  }
  const state = join(xdgFolder(env, "XDG_STATE_HOME", ".local/state"), "mailkey");
  const session = runtimeFolder(env);
  const runtime = session === undefined ? join(state, "run") : join(session, "mailkey");
  return { config: join(configHome(env), "mailkey"), state, runtime };
}

/** `XDG_RUNTIME_DIR`, or what it is for this user in a session: cron does not set it. Undefined where there is none. */
function runtimeFolder(env: Environment): string | undefined {
  const given = env["XDG_RUNTIME_DIR"];
  if (given !== undefined && isAbsolute(given)) return given;
  const user = process.getuid?.();
  const usual = `/run/user/${user ?? ""}`;
  if (user === undefined || statSync(usual, { throwIfNoEntry: false })?.uid !== user) return undefined;
  return usual;
}

/** Where programs keep what their users configure. */
export function configHome(env: Environment): string {
  return xdgFolder(env, "XDG_CONFIG_HOME", ".config");
}

/** The user's home folder. */
export function homeFolder(env: Environment): string {
  const home = env["HOME"];
  if (home !== undefined && isAbsolute(home)) return home;
  const { homedir, userInfo } = process.getBuiltinModule("node:os"); // loading it costs every token half a millisecond
  const own = home === undefined ? homedir() : "";
  return isAbsolute(own) ? own : userInfo().homedir;
}

/** Expands a leading `~/`, as people write paths in configuration files. */
export function expandHome(path: string, env: Environment): string {
  return path === "~" || path.startsWith("~/") ? join(homeFolder(env), path.slice(1)) : path;
}

/** A folder of the XDG base directories: the variable's when it is absolute, otherwise `fallback` in the home folder. */
export function xdgFolder(env: Environment, name: string, fallback: string): string {
  const value = env[name];
  return value !== undefined && isAbsolute(value) ? value : join(homeFolder(env), fallback);
}
