/** Where this very program is, for those who are to run it: mail programs, cron, completions. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { findExecutables } from "./executables.ts";
import type { Environment } from "./paths.ts";

/** This program's absolute path, by the name it has on PATH when that leads here: an update then changes nothing. */
export function commandPath(env: Environment): string {
  const own = ownPath();
  return findExecutables("mailkey", env).find((candidate) => leadsTo(candidate, own)) ?? own;
}

/** The words that run this very program, in this very runtime: for a process of its own. */
export function ownCommand(): readonly [program: string, ...args: string[]] {
  const own = ownPath();
  return own === process.execPath ? [own] : [process.execPath, own];
}

/** A compiled executable is its own; a script is the runtime's first argument. */
function ownPath(): string {
  const script = process.argv[1];
  const isCompiled = script === undefined || script.startsWith("/$bunfs/") || script.startsWith("B:\\~BUN\\");
  return isCompiled ? process.execPath : resolve(script);
}

function leadsTo(candidate: string, target: string): boolean {
  try {
    return realpathSync(candidate) === realpathSync(target);
  } catch {
    return false;
  }
}
