/** The executable with its man page and completions as one archive, for those who install by hand. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "../../src/version.ts";
import type { Source } from "../build/compile.ts";
import { pages } from "../build/pages.ts";
import { executableName, type Target } from "../build/targets.ts";
import { thirdPartyLicences } from "./licences.ts";
import { type Entries, stage, tarball } from "./staging.ts";

/** @returns the archive's path. @throws Error when tar fails */
export async function executableArchive({ root, stamp }: Source, target: Target, executable: string, into: string) {
  const name = `mailkey-${VERSION}-${target.name}`;
  const entries: Entries = {
    [executableName(target)]: { content: { copyOf: executable }, executable: true },
    LICENSE: { content: readFileSync(join(root, "LICENSE")) },
    "THIRD-PARTY-LICENSES": { content: thirdPartyLicences(root) },
    ...Object.fromEntries(Object.entries(await pages()).map(([path, content]) => [path, { content }])),
  };
  const folder = mkdtempSync(join(tmpdir(), "mailkey-archive-"));
  try {
    stage(join(folder, name), entries, stamp);
    mkdirSync(into, { recursive: true });
    const archive = join(into, `${name}.tar.gz`);
    await tarball(folder, name, archive);
    return archive;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
