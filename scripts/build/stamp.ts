/**
 * From what and when: all that a build may know of its surroundings, so that the same commit gives the same bytes
 * everywhere.
 */
import { VERSION_DATE } from "../../src/version.ts";
import { run } from "./run.ts";

export interface Stamp {
  /** @see Build.commit */
  readonly commit: string;
  /** Seconds since 1970: the date of every file in an archive. */
  readonly epochSeconds: number;
}

const COMMIT_CHARACTERS = 7;

/**
 * The checkout's commit and its date. Where there is no git, as in an unpacked archive, the variables MAILKEY_COMMIT
 * and SOURCE_DATE_EPOCH tell; without them the commit is `unknown` and the date the version's.
 *
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export async function stampOf(root: string, env: NodeJS.ProcessEnv = process.env): Promise<Stamp> {
  const epoch = env["SOURCE_DATE_EPOCH"] ?? (await git(root, ["show", "--no-patch", "--format=%ct", "HEAD"]));
  return {
    commit: env["MAILKEY_COMMIT"] ?? (await commitOf(root)) ?? "unknown",
    epochSeconds: epoch === undefined ? Date.parse(VERSION_DATE) / 1000 : Number(epoch),
  };
}

async function commitOf(root: string): Promise<string | undefined> {
  const commit = await git(root, ["rev-parse", "HEAD"]);
  const changes = await git(root, ["status", "--porcelain", "--untracked-files=no"]);
  return commit && commit.slice(0, COMMIT_CHARACTERS) + (changes === "" ? "" : "-modified");
}

/** @returns undefined when this is no checkout, or there is no git */
async function git(root: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run("git", ["-C", root, ...args])).trim();
  } catch {
    return undefined;
  }
}
