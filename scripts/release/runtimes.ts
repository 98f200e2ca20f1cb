/**
 * Bun for other platforms, from its packages in npm: what an executable for that platform is made of. npm finds the
 * registry, and compares what it gets with the checksum that the registry names. Kept in `node_modules/.cache`, by
 * version.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../build/run.ts";
import { hostTarget, type Target } from "../build/targets.ts";

/** Runs of this version; older ones stay in the cache until somebody deletes it. */
const VERSION = process.versions["bun"] ?? "";

/** @returns the path of the Bun for that platform. @throws Error when npm cannot get it */
export async function runtimeFor(target: Target, root: string): Promise<string> {
  if (target.name === hostTarget().name) return process.execPath;
  const cache = join(root, "node_modules", ".cache", "mailkey", `bun-${VERSION}`);
  const program = target.os === "win32" ? "bun.exe" : "bun";
  const folder = join(cache, target.name);
  if (!existsSync(folder)) await fetchInto(folder, cache, `@oven/${target.bun}@${VERSION}`);
  return join(folder, "package", "bin", program);
}

async function fetchInto(folder: string, cache: string, spec: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(join(cache, ".partial-"));
  try {
    const [packed] = JSON.parse(await run("npm", ["pack", spec, "--json", "--pack-destination", partial])) as [
      { filename: string },
    ];
    const archive = join(partial, packed.filename);
    await run("tar", ["-xzf", archive, "-C", partial]);
    rmSync(archive);
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
