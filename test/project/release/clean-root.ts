/**
 * A fresh Debian of the running release in a folder, made by apt's own sources, and programs run in it without a
 * network.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../scripts/build/run.ts";
import { finish, type Result } from "../../e2e/harness.ts";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/mailkey", import.meta.url));

export const ROOT = "0:0";
/** Without privileges. */
export const USER = "1000:1000";
/** The user's. */
export const HOME = "/home/you";

/** Only root may. It is kept in `node_modules/.cache` and copied. @throws Error when apt cannot */
export async function makeCleanRoot(folder: string): Promise<void> {
  const { id, codename } = release();
  const cached = join(CACHE, `root-${id}-${codename}`);
  if (!existsSync(cached)) await bootstrap(cached, id, codename);
  await run("cp", ["--archive", "--reflink=auto", cached, folder]);
  mkdirSync(join(folder, HOME), { recursive: true });
  await run("chown", [USER, join(folder, HOME)]);
}

/** Half a root is none: it gets its name when it is complete. */
async function bootstrap(root: string, id: string, codename: string): Promise<void> {
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const sources = (await aptSources(id)) || (await run("apt-get", ["update", "-qq"]), await aptSources(id));
  const list = `${partial}.list`;
  writeFileSync(list, sources);
  const keyring = `--keyring=/usr/share/keyrings/${id}-archive-keyring.gpg`;
  await run("mmdebstrap", ["--variant=minbase", "--mode=root", "--quiet", keyring, codename, partial, list]);
  rmSync(list);
  renameSync(partial, root);
}

/**
 * What this machine's apt takes this release's packages from, other people's repositories left out; empty before
 * `apt-get update`.
 */
function aptSources(id: string): Promise<string> {
  const line = "--format=deb $(REPO_URI) $(RELEASE) $(COMPONENT)";
  const origin = `Origin: ${id === "ubuntu" ? "Ubuntu" : "Debian"}`;
  return run("apt-get", ["indextargets", line, "Created-By: Packages", origin]);
}

function release(): { id: string; codename: string } {
  const text = readFileSync("/etc/os-release", "utf8");
  const field = (name: string) => new RegExp(`^${name}="?([a-z0-9]+)`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID"), codename: field("VERSION_CODENAME") };
}

/**
 * Runs a command in the root as `user`, alone: with mounts, processes and network of its own, all of which end with it.
 *
 * @param folder the root. @param user USER or ROOT
 */
export async function runInRoot(folder: string, user: string, command: readonly string[]): Promise<Result> {
  const enter =
    'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot --userspec="$1" "$0" "${@:2}"';
  const namespaces = ["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"];
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: user === USER ? HOME : "/root", LC_ALL: "C.UTF-8" };
  const args = [...namespaces, "/bin/bash", "-c", enter, folder, user, ...command];
  const child = spawn("unshare", args, { env: { ...env, DEBIAN_FRONTEND: "noninteractive" }, stdio: "pipe" });
  child.stdin.end();
  return finish(child);
}
