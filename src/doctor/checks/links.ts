/**
 * Where mailkey's files really are. A link may lead to a place that others can write, and whoever can rename a folder above a file
 * can put another one in its place.
 */
import type { Stats } from "node:fs";
import { join } from "node:path";
import { shellLine } from "../../platform/shell.ts";
import type { Finding, MachineCheck } from "../check.ts";
import { foldersAbove, guardedFiles, linkStatOf, modeText, namesIn, realPathOf, statOf } from "../files.ts";

const STICKY = 0o1000;
/** Root, and what the kernel shows in its place inside a container of the user's own. @see user_namespaces(7), overflowuid */
const TRUSTED_OWNERS: ReadonlySet<number> = new Set([0, 65534]);

export const links: MachineCheck = {
  id: "links",
  title: "links, and folders above mailkey's that others can change",
  worst: "error",
  of: "machine",
  examine(machine) {
    const { config, state } = machine.paths;
    const files = guardedFiles(machine).map(({ path }) => path);
    const known = new Set(files);
    const above = new Set(files.flatMap((path) => foldersAbove(realPathOf(path))).filter((path) => !known.has(path)));
    const dangling = [config, join(config, "accounts"), state].flatMap((folder) => danglingIn(folder));
    return [...dangling, ...[...above].flatMap(replaceable)];
  },
};

function replaceable(folder: string): Finding[] {
  const stat = statOf(folder);
  const user = process.getuid?.();
  if (stat === undefined || user === undefined) return [];
  const base = {
    severity: "error",
    means:
      "Whoever can change it can put other files in the place of yours, and have your sign-in sent to a server of theirs.",
  } as const;
  const whose = `${folder}, which some of mailkey's files are below,`;
  if (stat.uid !== user && !TRUSTED_OWNERS.has(stat.uid)) {
    const remedy = [shellLine(["ls", "-ld", folder])];
    const advice = "Keep mailkey's files in folders of your own. If it should be yours, have root give it to you.";
    return [{ ...base, seen: `${whose} belongs to another user (uid ${stat.uid})`, remedy, advice }];
  }
  if (!isOpen(stat)) return [];
  const sudo = stat.uid === user ? [] : ["sudo"];
  return [
    {
      ...base,
      seen: `${whose} can be changed by other users (mode ${modeText(stat)})`,
      remedy: [shellLine([...sudo, "chmod", "go-w", folder])],
    },
  ];
}

/** In a sticky folder nobody renames what is another's; the user's own group is nobody else. */
function isOpen({ mode, gid }: Stats): boolean {
  if ((mode & STICKY) !== 0) return false;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getgid?.());
}

function danglingIn(folder: string): Finding[] {
  return [folder, ...namesIn(folder).map((name) => join(folder, name))]
    .filter((path) => linkStatOf(path)?.isSymbolicLink() === true && statOf(path) === undefined)
    .map((path) => ({
      severity: "error",
      seen: `${path} is a link to something that is not there`,
      means: "For mailkey it is missing, with all that is in it.",
      remedy: [shellLine(["ls", "-l", path]), shellLine(["rm", path])],
      advice: "Look where it leads, and bring that back if you can; if not, remove the link.",
    }));
}
