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
import { executableName, type Target, TARGETS } from "../build/targets.ts";
import { thirdPartyLicences } from "./licences.ts";
import { type Entries, type Entry, stage } from "./staging.ts";

const SHARED = {
  version: manifest.version,
  license: manifest.license,
};

/** @returns the archive's path. @throws Error when npm fails */
export async function platformPackage(source: Source, target: Target, executable: string, into: string) {
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
  return pack(source, about, entries, into);
}

/** @param bundle the folder of the bundle for Node.js. @returns the archive's path. @throws Error when npm fails */
export async function mainPackage(source: Source, bundle: string, into: string): Promise<string> {
  const ours = (path: string): Entry => ({ content: { copyOf: join(source.root, path) } });
  const entries = {
    ...terms(source.root),
    "README.md": ours("README.md"),
    "CHANGELOG.md": ours("CHANGELOG.md"),
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
  return pack(source, about, entries, into);
}

function terms(root: string): Entries {
  return {
    LICENSE: { content: readFileSync(join(root, "LICENSE")) },
    "THIRD-PARTY-LICENSES": { content: thirdPartyLicences(root) },
  };
}

async function pack(source: Source, about: Readonly<Record<string, unknown>>, entries: Entries, into: string) {
  const folder = mkdtempSync(join(tmpdir(), "mailkey-npm-"));
  try {
    stage(folder, { ...entries, "package.json": { content: `${JSON.stringify(about, null, 2)}\n` } }, source.stamp);
    mkdirSync(into, { recursive: true });
    const printed = await run("npm", ["pack", folder, "--json", "--pack-destination", into, "--ignore-scripts"]);
    const [packed] = JSON.parse(printed) as [{ filename: string }];
    return join(into, packed.filename);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
