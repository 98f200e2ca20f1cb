/**
 * Builds what this machine runs: `dist/mailkey`, one executable, and `dist/node/`, the same for Node.js; beside them
 * the man page and the completion scripts. What is given to others, `scripts/release.ts` makes.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileBundle, compileExecutable } from "./build/compile.ts";
import { pages } from "./build/pages.ts";
import { stampOf } from "./build/stamp.ts";
import { hostTarget } from "./build/targets.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
const source = { root, stamp: await stampOf(root) };
await Promise.all([
  compileExecutable(source, hostTarget(), process.execPath, join(dist, "mailkey")),
  compileBundle(source, join(dist, "node")),
]);
for (const [name, text] of Object.entries(await pages())) {
  mkdirSync(dirname(join(dist, name)), { recursive: true });
  writeFileSync(join(dist, name), text);
}
process.stdout.write("built dist/mailkey and dist/node/mailkey\n");
