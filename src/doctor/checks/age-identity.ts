/** The age identity file that the credentials are encrypted to. */
import { shellLine } from "../../platform/shell.ts";
import { settingsPath } from "../../vault/settings.ts";
import type { MachineCheck } from "../check.ts";
import { statOf } from "../files.ts";
import { loginLines } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";

export const ageIdentity: MachineCheck = {
  id: "age-identity",
  title: "the age identity: there, undamaged, of a kind that works",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "age-identity");
    if (failure === undefined) return [];
    const { settings } = await machine.vault();
    const path = settingsPath(settings?.age?.identity ?? "", machine.paths, machine.env);
    return [
      {
        severity: "error",
        seen: failure.error.message,
        means: "The stored credentials cannot be decrypted without it: mail programs get no token.",
        remedy: [
          ...(statOf(path) === undefined ? [] : [shellLine(["mv", path, `${path}.old`])]),
          "mailkey vault init age --leave-behind",
          ...loginLines(machine),
        ],
        advice: `If you have a backup of it, put that to ${path} instead. Otherwise a new one is made, and everybody signs in again.`,
      },
    ];
  },
};
