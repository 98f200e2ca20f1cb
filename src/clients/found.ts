/** Mail programs on this machine, and their versions. */
import { spawnSync } from "node:child_process";
import { delimiter } from "node:path";
import { findExecutable } from "../platform/executables.ts";
import type { Environment } from "../platform/paths.ts";
import type { FoundProgram, Recipe } from "./recipe.ts";

/** Where programs are that are not on every user's PATH: postfix. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"].join(delimiter);
/** Programs in Python or Emacs take half a second on a busy machine. */
const VERSION_LIMIT_MS = 5000;

/**
 * Looks programs up, each once. Its version is asked as the recipe says that it belongs to; a program of no recipe has none.
 */
export function programFinder(
  recipes: readonly Recipe[],
  env: Environment,
): (executable: string) => FoundProgram | undefined {
  const known = new Map<string, FoundProgram | undefined>();
  return (executable) => {
    if (!known.has(executable)) known.set(executable, look(executable, recipes, env));
    return known.get(executable);
  };
}

function look(executable: string, recipes: readonly Recipe[], env: Environment): FoundProgram | undefined {
  const path = findExecutable(executable, env) ?? findExecutable(executable, { PATH: SYSTEM_FOLDERS });
  if (path === undefined) return undefined;
  const asked = recipes.find((recipe) => recipe.executables.includes(executable) && recipe.versionArgs !== undefined);
  return { path, version: asked === undefined ? undefined : askVersion(path, asked, env) };
}

/** Some print it on standard error, and some exit with a failure. */
function askVersion(path: string, { versionArgs = [], versionPattern }: Recipe, env: Environment): string | undefined {
  const { stdout, stderr } = spawnSync(path, versionArgs, {
    env,
    encoding: "latin1",
    timeout: VERSION_LIMIT_MS,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return (versionPattern ?? /(\d+(?:\.\d+)+)/).exec(`${stdout ?? ""}\n${stderr ?? ""}`)?.[1];
}
