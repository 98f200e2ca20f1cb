/** That the state folder can be written: a renewed sign-in that cannot be stored may be lost. */
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { systemErrorCode } from "../../errors.ts";
import { shellLine, shellWord } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { statOf, vaultFolders } from "../files.ts";
import { writeProblem } from "../write-problem.ts";

const MEANS = "A renewed sign-in could not be stored. mailkey does not renew any then, so as not to lose it.";

export const storage: MachineCheck = {
  id: "storage",
  title: "room and rights in the state folder",
  worst: "error",
  of: "machine",
  examine(machine) {
    const { state } = machine.paths;
    const folders = [state, ...vaultFolders(machine), join(state, "status"), join(state, "locks")];
    const there = folders.filter((path) => statOf(path)?.isDirectory() === true);
    if (there.length === 0) return missing(machine);
    const problems = there.flatMap((path) => writeProblem(path) ?? []);
    const [problem] = problems;
    return problem === undefined ? [] : [finding(problem.folder, problem.code, problem.message)];
  },
};

/** Nothing is stored yet: will it be possible to make the folder? */
function missing({ paths }: Machine): Finding[] {
  let parent = paths.state;
  while (statOf(parent) === undefined && parent !== dirname(parent)) parent = dirname(parent);
  if (statOf(parent)?.isDirectory() === false) return [inTheWay(parent)];
  try {
    accessSync(parent, constants.W_OK);
    return [];
  } catch (error) {
    return [finding(parent, systemErrorCode(error), `cannot create ${paths.state}`)];
  }
}

function inTheWay(path: string): Finding {
  return {
    severity: "error",
    seen: `${path} is not a folder`,
    means: MEANS,
    remedy: [shellLine(["mv", path, `${path}.old`])],
  };
}

function finding(folder: string, code: string | undefined, message: string): Finding {
  const path = shellWord(folder);
  const remedies: Record<string, readonly string[]> = {
    ENOSPC: [`df -h ${path}`, "du -xh --max-depth=2 ~ 2>/dev/null | sort -h | tail -n 20"],
    EDQUOT: ["quota -s", "du -xh --max-depth=2 ~ 2>/dev/null | sort -h | tail -n 20"],
    EROFS: [`sudo mount -o remount,rw "$(findmnt -n -o TARGET -T ${path})"`],
    EACCES: [`ls -ld ${path}`, `chmod u+rwx ${path}`],
  };
  const room = code === "ENOSPC" || code === "EDQUOT";
  return {
    severity: "error",
    seen: message,
    means: MEANS,
    remedy: remedies[code ?? ""] ?? [`ls -ld ${path}`, `findmnt -T ${path}`],
    ...(room ? { advice: "Remove what you need least of what the second command shows." } : {}),
  };
}
