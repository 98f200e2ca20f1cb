/**
 * Builds what people install: `dist/mailkey`, one executable, and `dist/node/`, the same for Node.js; beside them the man page and the
 * completion scripts, for those who make packages.
 *
 * The executable must not read `bunfig.toml` or `.env` of the folder it is started in: a hostile folder would run code. The two
 * flags that say so are accepted in silence when they are misspelt, so a test starts the executable in such a folder.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SCRIPTS } from "../src/cli/completion/scripts.ts";
import { manPage } from "../src/cli/man-page.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

const SHARED = ["src/main.ts", "--format=esm", "--splitting", "--minify", "--sourcemap=none"];

const EXECUTABLE = [
  ...SHARED,
  "--compile",
  "--bytecode",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
  "--outfile=dist/mailkey",
];

const NODE = [
  ...SHARED,
  "--target=node",
  "--external=bun:sqlite",
  "--external=bun:ffi",
  "--entry-naming=main.js",
  "--outdir=dist/node",
];

/** Older ones have no node:sqlite, which the locks need; said before anything is loaded. */
const LAUNCHER = `#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 13)) await import("./main.js");
else {
  process.stderr.write("mailkey: error: this needs Node.js 22.13 or newer, not " + process.versions.node + "\\n");
  process.exit(78);
}
`;

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "node"), { recursive: true });
bunBuild(EXECUTABLE);
bunBuild(NODE);
writeFileSync(join(dist, "node", "package.json"), `${JSON.stringify({ type: "module" })}\n`);
writeFileSync(join(dist, "node", "mailkey"), LAUNCHER);
chmodSync(join(dist, "node", "mailkey"), 0o755);
await writePages();
process.stdout.write("built dist/mailkey and dist/node/mailkey\n");

/** Under the names that the shells and man know them by. */
async function writePages(): Promise<void> {
  mkdirSync(join(dist, "completions"));
  writeFileSync(join(dist, "mailkey.1"), await manPage());
  writeFileSync(join(dist, "completions", "mailkey.bash"), SCRIPTS.bash);
  writeFileSync(join(dist, "completions", "_mailkey"), SCRIPTS.zsh);
  writeFileSync(join(dist, "completions", "mailkey.fish"), SCRIPTS.fish);
}

function bunBuild(args: readonly string[]): void {
  const result = spawnSync(process.execPath, ["build", ...args], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  if (result.status !== 0) {
    process.stderr.write(result.stdout);
    process.exit(1);
  }
}
