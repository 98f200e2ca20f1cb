/** Whose mailkey's files are: one run with sudo is enough to make some of them root's. */
import { shellLine } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { guardedFiles, statOf } from "../files.ts";

const ROOT = 0;

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
      return owner === user || (owner === ROOT && !own) ? [] : [{ path, owner }];
    });
    return [...sudoFinding(machine), ...foreignFindings(foreign, user, machine)];
  },
};

interface Foreign {
  readonly path: string;
  readonly owner: number;
}

/** One finding for all of them, with one command. */
function foreignFindings(foreign: readonly Foreign[], user: number, { paths }: Machine): Finding[] {
  const [first, ...others] = foreign;
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  const roots = [paths.config, paths.state];
  const culprits = foreign.map(
    ({ path }) => roots.find((root) => path === root || path.startsWith(`${root}/`)) ?? path,
  );
  return [
    {
      severity: "error",
      seen: `${first.path} belongs to ${first.owner === ROOT ? "root" : `another user (uid ${first.owner})`}${more}`,
      means: "mailkey cannot write it, or refuses to trust it. This is what running mailkey with sudo leaves behind.",
      remedy: [shellLine(["sudo", "chown", "-R", String(user), ...new Set(culprits)])],
    },
  ];
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
