/**
 * Bun's compiler, with the flags that matter: one executable for a platform, or the same program for Node.js.
 *
 * The executable must not read `bunfig.toml` or `.env` of the folder it is started in: a hostile folder would run code.
 * The two flags that say so are accepted in silence when they are misspelt, so a test starts the executable in such a
 * folder.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Build } from "../../src/version.ts";
import { run } from "./run.ts";
import type { Stamp } from "./stamp.ts";
import type { Target } from "./targets.ts";

const SHARED = ["build", "src/main.ts", "--format=esm", "--splitting", "--minify", "--sourcemap=none"];

const EXECUTABLE = ["--compile", "--bytecode", "--no-compile-autoload-bunfig", "--no-compile-autoload-dotenv"];

const NODE = [
  "--target=node",
  "--external=bun:sqlite",
  "--external=bun:ffi",
  "--entry-naming=main.js",
  // Bun writes the file's path on the building machine for it, which undici (alone) asks for, to trim stack traces.
  '--define=__filename="undici"',
];

/** Older ones have no node:sqlite, which the locks need; said before anything is loaded. */
const NODE_LAUNCHER = `#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 13)) await import("./main.js");
else {
  process.stderr.write("mailkey: error: this needs Node.js 22.13 or newer, not " + process.versions.node + "\\n");
  process.exit(78);
}
`;

export interface Source {
  /** The checkout; nothing of where it lies gets into what is built. */
  readonly root: string;
  readonly stamp: Stamp;
}

/** @param runtime the Bun of that platform. @throws Error when the compiler fails */
export async function compileExecutable(source: Source, target: Target, runtime: string, outfile: string) {
  const { libc, bun } = target;
  await compile(source, { artefact: "executable", ...(libc === undefined ? {} : { libc }) }, [
    ...EXECUTABLE,
    `--target=${bun}`,
    `--compile-executable-path=${runtime}`,
    `--outfile=${outfile}`,
  ]);
}

/** Fills `folder`: `mailkey` is what to start. @throws Error when the compiler fails */
export async function compileBundle(source: Source, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await compile(source, { artefact: "bundle" }, [...NODE, `--outdir=${folder}`]);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ type: "module" })}\n`);
  writeFileSync(join(folder, "mailkey"), NODE_LAUNCHER);
  chmodSync(join(folder, "mailkey"), 0o755);
}

async function compile({ root, stamp }: Source, build: Omit<Build, "commit">, flags: readonly string[]): Promise<void> {
  const about: Build = { commit: stamp.commit, ...build };
  const define = `--define=MAILKEY_BUILD=${JSON.stringify(about)}`;
  await run(process.execPath, [...SHARED, define, ...flags], { cwd: root });
}
