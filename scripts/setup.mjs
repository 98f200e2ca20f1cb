/**
 * Makes a checkout ready, in plain JavaScript because nothing is installed yet: npm packages, Debian packages, the build.
 * Does only what is missing. Runs on Node 20 and newer.
 *
 *   node scripts/setup.mjs [--system | --system=demo] [--build]
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bun = join(root, "node_modules", ".bin", process.platform === "win32" ? "bun.exe" : "bun");
const wants = new Set(process.argv.slice(2));

if (newest("package-lock.json") > newest("node_modules/.package-lock.json")) {
  step("installing npm packages");
  // The lock file's versions and checksums hold. Not `npm ci`: it insists on the packages of every platform in the world, which
  // not every registry mirror has. The install scripts of `bun` and `node` are named in allowScripts.
  run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
}
if (wants.has("--system")) run(bun, ["scripts/requirements.ts"]);
if (wants.has("--system=demo")) run(bun, ["scripts/requirements.ts", "demo"]); // the demo needs fewer programs than the tests
if (wants.has("--build") && Math.max(newest("src"), newest("scripts/build.ts"), newest("scripts/build"), newest("package-lock.json")) > newest("dist/node/mailkey")) {
  step("building dist/mailkey and dist/node");
  run(bun, ["scripts/build.ts"]);
}

function step(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (status === 0) return;
  process.stderr.write(`set-up: ${program} ${args.join(" ")} failed${error === undefined ? "" : `: ${error.message}`}\n`);
  process.exit(1);
}

/** The latest modification below a path, in milliseconds; 0 when there is nothing. */
function newest(path) {
  const full = join(root, path);
  if (!existsSync(full)) return 0;
  const stat = statSync(full);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(full).map((name) => newest(join(path, name))));
}
