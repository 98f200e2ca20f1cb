/** Puts the completion scripts and the man page where shells and man look for a user's own, and takes them away again. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { MailkeyError } from "../../errors.ts";
import { removeFile, resolveLink, writeAtomically } from "../../platform/files.ts";
import { xdgFolder, type Environment } from "../../platform/paths.ts";
import { MARK, SCRIPTS, type Shell } from "./scripts.ts";

/** Nothing secret, and shells refuse nothing of it. */
const PUBLIC_FILE = 0o644;

export interface Installation {
  /** `bash`, `man`, … */
  readonly what: Shell | "man";
  readonly path: string;
  readonly content: string;
  /** What the user has to see to for it to work; undefined when nothing. */
  readonly needs: string | undefined;
}

export function shellInstallation(shell: Shell, env: Environment): Installation {
  const path = PATHS[shell](env);
  return { what: shell, path, content: SCRIPTS[shell], needs: NEEDS[shell](path) };
}

export function manInstallation(page: string, env: Environment): Installation {
  return { what: "man", path: join(dataFolder(env), "man/man1/mailkey.1"), content: page, needs: undefined };
}

/**
 * Running it again changes nothing.
 *
 * @returns whether the file is new or another than before
 * @throws ERR_CONFIG when a file of somebody else's is there, ERR_STORAGE
 */
export function install({ path, content }: Installation): boolean {
  const present = readOwn(path);
  if (present === content) return false;
  const target = resolveLink(path);
  mkdirSync(dirname(target), { recursive: true });
  writeAtomically(target, content, { mode: PUBLIC_FILE });
  return true;
}

/** @returns whether there was one. @throws ERR_CONFIG when it is somebody else's, ERR_STORAGE */
export function uninstall({ path }: Installation): boolean {
  if (readOwn(path) === undefined) return false;
  removeFile(path);
  return true;
}

const PATHS: Record<Shell, (env: Environment) => string> = {
  bash: (env) => {
    const own = env["BASH_COMPLETION_USER_DIR"];
    const folder = own !== undefined && isAbsolute(own) ? own : join(dataFolder(env), "bash-completion");
    return join(folder, "completions/mailkey");
  },
  zsh: (env) => join(dataFolder(env), "zsh/site-functions/_mailkey"),
  fish: (env) => join(xdgFolder(env, "XDG_CONFIG_HOME", ".config"), "fish/completions/mailkey.fish"),
};

const NEEDS: Record<Shell, (path: string) => string | undefined> = {
  bash: () => "the package bash-completion",
  zsh: (path) => `before compinit in ~/.zshrc: fpath=(${dirname(path)} $fpath)`,
  fish: () => undefined,
};

/** @returns undefined when there is none */
function readOwn(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const content = readFileSync(path, "utf8");
  if (content.slice(0, 500).includes(MARK)) return content;
  throw new MailkeyError("ERR_CONFIG", `${path} is not mailkey's own`, { hint: "move it away, then run this again" });
}

function dataFolder(env: Environment): string {
  return xdgFolder(env, "XDG_DATA_HOME", ".local/share");
}
