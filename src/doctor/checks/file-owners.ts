/** Whose mailkey's files are: one run with sudo is enough to make some of them root's. */
import { shellLine } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { foldersAbove, guardedFiles, statOf } from "../files.ts";

const ROOT = 0;
/** What nobody reads any more. */
const LAID_ASIDE = ".old";

export const fileOwners: MachineCheck = {
  id: "file-owners",
  title: "whose mailkey's files are",
  worst: "error",
  of: "machine",
  examine(machine) {
    const user = process.getuid?.();
    if (user === undefined) return []; // Windows has no such owners
    const foreign = guardedFiles(machine).flatMap(({ path, own }) => {
      const owner = statOf(path)?.uid ?? user;
      // Root may own what lies outside mailkey's folders, such as /etc/ssl: it is trusted.
      const isTrusted = owner === user || (owner === ROOT && !own);
      return isTrusted || (own && path.endsWith(LAID_ASIDE)) ? [] : [{ path, owner, own }];
    });
    return [
      ...sudoFinding(machine),
      ...rootsFindings(
        foreign.filter(({ owner }) => owner === ROOT),
        user,
        machine,
      ),
      ...othersFindings(
        foreign.filter(({ owner }) => owner !== ROOT),
        user,
      ),
    ];
  },
};

interface Foreign {
  readonly path: string;
  readonly owner: number;
  /** In mailkey's folders. */
  readonly own: boolean;
}

/** One finding for all of them, with one command. */
function rootsFindings(foreign: readonly Foreign[], user: number, { paths }: Machine): Finding[] {
  const [first, ...others] = foreign;
  if (first === undefined) return [];
  const roots = [paths.config, paths.state];
  const culprits = foreign.map(
    ({ path }) => roots.find((root) => path === root || path.startsWith(`${root}/`)) ?? path,
  );
  return [
    {
      severity: "error",
      seen: `${first.path} belongs to root${andMore(others)}`,
      means: "mailkey cannot write it. This is what running mailkey with sudo leaves behind.",
      remedy: [giveBack(culprits, ROOT, user)],
    },
  ];
}

/** Only what is `owner`'s: others may have put files in between. A link is given back itself, not what it leads to. */
function giveBack(paths: readonly string[], owner: number, user: number): string {
  const change = ["chown", "-h", String(user)];
  return shellLine(["sudo", "find", ...new Set(paths), "-user", String(owner), "-exec", ...change, "{}", "+"]);
}

/**
 * What somebody else has written may name commands, and mailkey would run them: it is laid aside, and not simply made the user's. Only the
 * user knows whether it came out of a backup.
 */
function othersFindings(foreign: readonly Foreign[], user: number): Finding[] {
  const paths = new Set(foreign.map(({ path }) => path));
  const outermost = foreign.filter(({ path }) => !foldersAbove(path).some((folder) => paths.has(folder)));
  const [first, ...others] = outermost;
  if (first === undefined) return [];
  return [
    {
      severity: "error",
      seen: `${first.path} belongs to another user (uid ${first.owner})${andMore(others)}`,
      means: "Whoever wrote it may have put commands into it for mailkey to run as you. mailkey does not trust it.",
      remedy: outermost.map(({ path, own }) => shellLine(own ? ["mv", path, path + LAID_ASIDE] : ["ls", "-ld", path])),
      advice: `If it is yours, out of a backup or from another machine, read it first; then: ${giveBack([...paths], first.owner, user)}.`,
    },
  ];
}

function andMore(others: readonly unknown[]): string {
  return others.length === 0 ? "" : `, and ${others.length} more`;
}

function sudoFinding({ env }: Machine): Finding[] {
  const name = env["SUDO_USER"] ?? "";
  const home = env["HOME"] ?? "";
  const owner = statOf(home)?.uid;
  if (process.getuid?.() !== ROOT || name === "" || owner === undefined || owner === ROOT) return [];
  return [
    {
      severity: "warning",
      seen: `mailkey runs as root in ${home}, which belongs to uid ${owner}`,
      means: `What it writes there will belong to root, and ${name} cannot use it any more.`,
      remedy: [],
      advice: "Run mailkey as yourself, without sudo.",
    },
  ];
}
