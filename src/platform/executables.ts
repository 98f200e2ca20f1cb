/** Programs on PATH. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Environment } from "./paths.ts";

/** The absolute paths under which `name` can be run, in the order of PATH. Relative folders in PATH do not count. */
export function findExecutables(name: string, env: Environment): string[] {
  const candidates = isAbsolute(name)
    ? [name]
    : (env["PATH"] ?? "")
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, name));
  return [...new Set(candidates)].filter(isExecutable);
}

export function findExecutable(name: string, env: Environment): string | undefined {
  return findExecutables(name, env)[0];
}

/** Whether it is a file that this user may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
