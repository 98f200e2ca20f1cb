/**
 * The packages for npm: `mailkey`, with a launcher and the bundle for Node.js, and one with an executable for each
 * platform. npm installs of the latter only the one that fits, by `os`, `cpu` and `libc`. No install scripts: npm 12
 * runs none unless it is told to.
 *
 * On Windows there is no /bin/sh to launch anything; there the platform's package has the command itself, for which npm
 * writes a .cmd.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { Source } from "../build/compile.ts";
import { pages } from "../build/pages.ts";
import { run } from "../build/run.ts";
import { executableName, TARGETS } from "../build/targets.ts";
import type { ArchiveOptions } from "./archive.ts";
import { handbook } from "./handbook.ts";
import { thirdPartyLicences } from "./licences.ts";
import { type Entries, type Entry, stage, tarball } from "./staging.ts";

const SHARED = {
  version: manifest.version,
  license: manifest.license,
};

/** @returns the archive's path. @throws Error when npm fails */
export async function platformPackage({ source, target, executable, into, quick }: ArchiveOptions): Promise<string> {
  const { name, os, cpu, libc } = target;
  const program = executableName(target);
  const entries = {
    ...terms(source.root),
    [program]: { content: { copyOf: executable }, executable: true },
    "README.md": { content: `The executable of mailkey for ${name}: a part of the package mailkey.\n` },
  };
  const about = {
    name: `@mailkey/${name}`,
    ...SHARED,
    description: `The executable of mailkey for ${name}`,
    preferUnplugged: true,
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    ...(os === "win32" ? { bin: { mailkey: program } } : {}),
  };
  return pack({ source, into, quick }, about, entries);
}

/** @param bundle the folder of the bundle for Node.js. @returns the archive's path. @throws Error when npm fails */
export async function mainPackage(source: Source, bundle: string, into: string): Promise<string> {
  const ours = (path: string): Entry => ({ content: { copyOf: join(source.root, path) } });
  const entries = {
    ...terms(source.root),
    ...handbook(source.root),
    "man/mailkey.1": { content: (await pages())["mailkey.1"] },
    "bin/mailkey": { ...ours("packaging/npm/mailkey"), executable: true },
    ...Object.fromEntries(
      readdirSync(bundle).map((name) => [
        `node/${name}`,
        { content: { copyOf: join(bundle, name) }, executable: name === "mailkey" },
      ]),
    ),
  };
  const about = {
    name: "mailkey",
    ...SHARED,
    description: manifest.description,
    keywords: manifest.keywords,
    os: ["!win32"],
    bin: { mailkey: "bin/mailkey" },
    man: ["man/mailkey.1"],
    optionalDependencies: Object.fromEntries(
      TARGETS.filter(({ os }) => os !== "win32").map(({ name }) => [`@mailkey/${name}`, manifest.version]),
    ),
  };
  return pack({ source, into, quick: false }, about, entries);
}

function terms(root: string): Entries {
  return {
    LICENSE: { content: readFileSync(join(root, "LICENSE")) },
    "THIRD-PARTY-LICENSES": { content: thirdPartyLicences(root) },
  };
}

interface About extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly version: string;
}

/** npm packs as tightly as it can, and cannot be told otherwise: where it has to be quick, tar does the same. */
async function pack(
  { source, into, quick }: Pick<ArchiveOptions, "source" | "into" | "quick">,
  about: About,
  entries: Entries,
): Promise<string> {
  const parent = mkdtempSync(join(tmpdir(), "mailkey-npm-"));
  const folder = join(parent, "package");
  try {
    stage(folder, { ...entries, "package.json": { content: `${JSON.stringify(about, null, 2)}\n` } }, source.stamp);
    mkdirSync(into, { recursive: true });
    const archive = join(into, `${about.name.replace(/^@/, "").replace("/", "-")}-${about.version}.tgz`);
    if (quick) await tarball(parent, "package", archive, 1);
    else await run("npm", ["pack", folder, "--pack-destination", into, "--ignore-scripts"]);
    return archive;
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
