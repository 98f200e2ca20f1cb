/** Files on their way into an archive: in order, with modes and dates that depend on nothing of this machine. */
import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "../build/run.ts";
import type { Stamp } from "../build/stamp.ts";

/** What an archive holds: a text, bytes, or the file at a path. */
export type Content = string | Uint8Array | { readonly copyOf: string };

export interface Entry {
  readonly content: Content;
  /** Everybody may run it. */
  readonly executable?: boolean;
  /** Only the owner may read it. */
  readonly unreadable?: boolean;
}

/** By path inside the archive. */
export type Entries = Readonly<Record<string, Entry>>;

/** Writes them below `folder`, whatever the umask, all of the stamp's date. */
export function stage(folder: string, entries: Entries, { epochSeconds }: Stamp): void {
  for (const [name, { content, executable = false, unreadable = false }] of Object.entries(entries)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "object" && "copyOf" in content) copyFileSync(content.copyOf, path);
    else writeFileSync(path, content);
    chmodSync(path, (executable ? 0o755 : 0o644) & (unreadable ? ~0o044 : ~0));
  }
  settle(folder, epochSeconds);
}

function settle(folder: string, epochSeconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path, epochSeconds);
    else lutimesSync(path, epochSeconds, epochSeconds);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epochSeconds, epochSeconds);
}

/**
 * One folder as `.tar.gz`: sorted, of nobody, and without the name and date that gzip would write.
 *
 * @param level of compression, 1 to 9
 */
export async function tarball(parent: string, folder: string, archive: string, level: number): Promise<void> {
  const ownership = ["--owner=0", "--group=0", "--numeric-owner"];
  const compress = ["--use-compress-program", `gzip -${level}n`];
  const options = ["--format=ustar", "--sort=name", ...ownership, ...compress, "--file", archive];
  await run("tar", ["--create", "--directory", parent, ...options, folder]);
}

/** As `gzip -9n` does it. */
export function gzipped(text: string): Uint8Array {
  return gzipSync(text, { level: 9 });
}
