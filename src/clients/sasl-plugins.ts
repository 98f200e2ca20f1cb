/** Plugins for XOAUTH2 in the libsasl2 that a program is linked with: mbsync logs in by it, and has no word of XOAUTH2 itself. */
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMailkeyError } from "../errors.ts";
import type { Environment } from "../platform/paths.ts";
import { run } from "../platform/process.ts";

const LDD_MS = 3000;

/**
 * Where the program's libsasl looks for plugins. Undefined when that cannot be found out; empty when it has no libsasl.
 *
 * @param path of the program
 * @see SASL_PATH in sasl(3)
 */
export async function saslPluginFolders(
  path: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  const own = (env["SASL_PATH"] ?? "").split(":").filter((folder) => folder !== "");
  if (own.length > 0) return own;
  try {
    const { stdout, status } = await run("ldd", [path], { env, timeoutMs: LDD_MS, ...(signal ? { signal } : {}) });
    if (status !== 0) return undefined;
    const library = /libsasl2\.so\S*\s+=>\s+(\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
    return library === undefined ? [] : [join(dirname(realpathSync(library)), "sasl2")];
  } catch (error) {
    if (isMailkeyError(error)) return undefined; // no ldd: another system
    throw error;
  }
}

export interface TokenPlugin {
  /** sasl-xoauth2, which reads Postfix's own token files and knows no password callback. */
  readonly isPostfixOnly: boolean;
}

export function tokenPluginsIn(folder: string): TokenPlugin[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(?:so|dylib)$/.test(name) && readFileSync(join(folder, name)).includes("XOAUTH2"))
      .map((name) => ({ isPostfixOnly: name.includes("sasl-xoauth2") }));
  } catch {
    return []; // no such folder
  }
}

/** Looks once for each program. @returns a function that tells whether there is a plugin of use; undefined when that cannot be told */
export function tokenPluginFinder(
  env: Environment,
): (program: { readonly path: string }) => Promise<boolean | undefined> {
  const known = new Map<string, Promise<boolean | undefined>>();
  return ({ path }) => {
    const found = known.get(path) ?? hasTokenPlugin(path, env);
    known.set(path, found);
    return found;
  };
}

async function hasTokenPlugin(path: string, env: Environment): Promise<boolean | undefined> {
  const folders = await saslPluginFolders(path, env);
  return folders?.flatMap(tokenPluginsIn).some(({ isPostfixOnly }) => !isPostfixOnly);
}
