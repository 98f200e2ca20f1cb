/** The user's own commands as a vault. */
import { shellLine } from "../../platform/shell.ts";
import { vaultSettingsPath } from "../../vault/settings.ts";
import type { MachineCheck } from "../check.ts";
import { editorLine } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";

export const vaultCommands: MachineCheck = {
  id: "vault-commands",
  title: "the vault's own commands",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "vault-commands");
    if (failure === undefined) return [];
    const { settings } = await machine.vault();
    const { encrypt = "", decrypt = "" } = settings?.command ?? {};
    return [
      {
        severity: "error",
        seen: failure.error.message,
        means: "The credentials cannot be read or stored: mail programs get no token.",
        remedy: [
          `echo works | ${shellLine(["sh", "-c", encrypt])} | ${shellLine(["sh", "-c", decrypt])}`,
          editorLine(vaultSettingsPath(machine.paths)),
        ],
        advice: 'The first command has to print "works", and shows what fails. Correct the commands with the second.',
      },
    ];
  },
};
