/**
 * Which packages of others are part of what is built: package.json's dependencies and theirs, as package-lock.json has
 * them.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly license: string;
  /** `sha512-BASE64` of the archive that it came in. */
  readonly integrity: string;
  /** Relative to the checkout: `node_modules/…`. */
  readonly path: string;
  /** Whether mailkey itself depends on it. */
  readonly direct: boolean;
  /** The paths of what it depends on. */
  readonly dependencies: readonly string[];
}

interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** In the order of their paths. @throws Error when the lock file is incomplete */
export function bundledPackages(root: string): BundledPackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  const found = new Map<string, BundledPackage>();
  const direct = dependenciesOf("", packages);
  const queue = [...direct];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    const dependencies = dependenciesOf(path, packages);
    const locked = complete(path, packages[path]);
    found.set(path, { path, name: nameOf(path), ...locked, direct: direct.includes(path), dependencies });
    queue.push(...dependencies);
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function dependenciesOf(path: string, packages: Lock["packages"]): string[] {
  return Object.keys(packages[path]?.dependencies ?? {}).map((name) => resolve(name, path, packages));
}

/** As Node looks for it: in the package's own node_modules, then in those above. */
function resolve(name: string, from: string, packages: Lock["packages"]): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (packages[candidate] !== undefined) return candidate;
    if (folder === "" || folder === ".") throw new Error(`package-lock.json lacks ${name}, which ${from} needs`);
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function complete(path: string, locked: LockedPackage | undefined) {
  const { version, license, integrity } = locked ?? {};
  if (version === undefined || license === undefined || integrity === undefined)
    throw new Error(`package-lock.json does not tell version, licence and checksum of ${path}`);
  return { version, license, integrity };
}
