/** What killed writers and interrupted moves have left. */
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { isMailkeyError } from "../../errors.ts";
import { shellLine } from "../../platform/shell.ts";
import { moveWasInterrupted } from "../../vault/move.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { namesIn, statOf, vaultFolders } from "../files.ts";

/** A file is written in milliseconds. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

export const leftovers: MachineCheck = {
  id: "leftovers",
  title: "leftovers of killed writers and of interrupted moves",
  worst: "warning",
  of: "machine",
  examine(machine) {
    const { config, state } = machine.paths;
    const folders = [config, join(config, "accounts"), state, join(state, "status")];
    return [
      ...folders.flatMap((folder) => abandonedIn(folder, machine).map(worthless)),
      ...vaultFolders(machine).flatMap((folder) => abandonedIn(folder, machine).map(encrypted)),
      ...interruptedMove(machine),
    ];
  },
};

function abandonedIn(folder: string, { clock }: Machine): string[] {
  const before = clock.now().wallMs - ABANDONED_AFTER_MS;
  return namesIn(folder)
    .filter((name) => name.startsWith(".") && name.endsWith(".tmp"))
    .map((name) => join(folder, name))
    .filter((path) => (statOf(path)?.mtimeMs ?? Infinity) < before);
}

function worthless(path: string): Finding {
  const command = shellLine(["rm", path]);
  return {
    severity: "warning",
    seen: `${path} was left by a program that was killed while it wrote`,
    means: "It is of no use: the file that it was to replace is as it was.",
    remedy: [command],
    fix: { does: command, run: () => unlinkSync(path) },
  };
}

/** Not removed by `--fix`: with a provider that replaces refresh tokens, the new one might be in there alone. */
function encrypted(path: string): Finding {
  return {
    severity: "warning",
    seen: `${path} was left by a mailkey that was killed while it stored a renewed sign-in`,
    means: "When tokens are still renewed, it is of no use, and goes by itself at the next renewal.",
    remedy: ["mailkey status", shellLine(["rm", path])],
    advice: "Remove it when the status is ok.",
  };
}

function interruptedMove({ paths }: Machine): Finding[] {
  try {
    if (!moveWasInterrupted(paths)) return [];
  } catch (error) {
    if (!isMailkeyError(error) || error.code === "ERR_UNTRUSTED_FILE") return [];
    const remedy = [shellLine(["rm", join(paths.state, "vault-move.json")])];
    return [{ severity: "warning", seen: error.message, means: "A move of the vault cannot be finished.", remedy }];
  }
  return [
    {
      severity: "warning",
      seen: "moving the credentials to another vault was interrupted",
      means:
        "All of them can be read. Copies of them may lie in the old or the new place until the move is cleaned up.",
      remedy: ["mailkey vault"],
    },
  ];
}
