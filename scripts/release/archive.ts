/** The executable with its man page and completions as one archive, for those who install by hand. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "../../src/version.ts";
import type { Source } from "../build/compile.ts";
import { pages } from "../build/pages.ts";
import { executableName, type Target } from "../build/targets.ts";
import { handbook } from "./handbook.ts";
import { thirdPartyLicences } from "./licences.ts";
import { type Entries, stage, tarball } from "./staging.ts";

export interface ArchiveOptions {
  readonly source: Source;
  readonly target: Target;
  readonly executable: string;
  /** The folder for the archive. */
  readonly into: string;
  /** For whoever throws it away again. */
  readonly quick: boolean;
}

/** @returns the archive's path. @throws Error when tar fails */
export async function executableArchive({ source, target, executable, into, quick }: ArchiveOptions): Promise<string> {
  const { root, stamp } = source;
  const name = `mailkey-${VERSION}-${target.name}`;
  const entries: Entries = {
    [executableName(target)]: { content: { copyOf: executable }, executable: true },
    LICENSE: { content: readFileSync(join(root, "LICENSE")) },
    "THIRD-PARTY-LICENSES": { content: thirdPartyLicences(root) },
    ...handbook(root),
    ...Object.fromEntries(Object.entries(await pages()).map(([path, content]) => [path, { content }])),
  };
  const folder = mkdtempSync(join(tmpdir(), "mailkey-archive-"));
  try {
    stage(join(folder, name), entries, stamp);
    mkdirSync(into, { recursive: true });
    const archive = join(into, `${name}.tar.gz`);
    await tarball(folder, name, archive, quick ? 1 : 9);
    return archive;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
