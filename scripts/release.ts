/**
 * Makes what is given to others, into `dist/release/`: for every platform an archive with the executable and a package
 * for npm, for Debian a .deb, the package `mailkey` for npm, what it is all made of, and checksums. The same commit
 * gives the same bytes, wherever it lies.
 *
 *   bun scripts/release.ts [--host] [--quick] [--into FOLDER]
 *
 * `--host` makes only what this machine could run itself and needs no network; `--quick` packs less tightly. On Debian
 * or Ubuntu.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { VERSION } from "../src/version.ts";
import { compileBundle, compileExecutable, type Source } from "./build/compile.ts";
import { stampOf } from "./build/stamp.ts";
import { executableName, hostTarget, type Target, TARGETS } from "./build/targets.ts";
import { executableArchive } from "./release/archive.ts";
import { CHECKSUMS, writeChecksums } from "./release/checksums.ts";
import { debianPackage } from "./release/deb.ts";
import { checkHeader } from "./release/header.ts";
import { isSignatureValid, signedAdHoc } from "./release/macos-signature.ts";
import { mainPackage, platformPackage } from "./release/npm.ts";
import { runtimeFor } from "./release/runtimes.ts";
import { billOfMaterials } from "./release/sbom.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    host: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    into: { type: "string", default: join(root, "dist", "release") },
  },
});
const into = resolve(values.into);
rmSync(into, { recursive: true, force: true });
mkdirSync(into, { recursive: true });
const work = mkdtempSync(`${into}-work-`);
try {
  const source = { root, stamp: await stampOf(root) };
  report(`commit ${source.stamp.commit}`);
  await compileBundle(source, join(work, "node"));
  await mainPackage(source, join(work, "node"), into);
  for (const target of values.host ? [hostTarget()] : TARGETS) await makePlatform(source, target);
  writeFileSync(join(into, `mailkey-${VERSION}.cdx.json`), billOfMaterials(root, source.stamp));
  await writeChecksums(into);
  report(`${into}/${CHECKSUMS}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function makePlatform(source: Source, target: Target): Promise<void> {
  const executable = join(work, target.name, executableName(target));
  await compileExecutable(source, target, await runtimeFor(target, root), executable);
  if (target.os === "darwin") ensureSigned(executable);
  checkHeader(readFileSync(executable), target);
  const options = { source, target, executable, into, quick: values.quick };
  await Promise.all([
    executableArchive(options),
    platformPackage(options),
    ...(target.debian === undefined ? [] : [debianPackage(options)]),
  ]);
  report(target.name);
}

function ensureSigned(executable: string): void {
  const bytes = readFileSync(executable);
  if (!isSignatureValid(bytes)) writeFileSync(executable, signedAdHoc(bytes, "mailkey"));
}

function report(line: string): void {
  process.stdout.write(`release: ${line}\n`);
}
