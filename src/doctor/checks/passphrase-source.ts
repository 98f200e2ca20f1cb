/** The file or command from which a vault's passphrase comes. */
import { shellLine } from "../../platform/shell.ts";
import { settingsPath } from "../../vault/settings.ts";
import type { MachineCheck } from "../check.ts";
import { editorLine } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";

export const passphraseSource: MachineCheck = {
  id: "passphrase-source",
  title: "where the vault's passphrase comes from",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "passphrase-source");
    if (failure === undefined) return [];
    const { settings } = await machine.vault();
    const source = settings?.active === "gpg" ? settings.gpg : settings?.age;
    const file = source?.passphrase_file;
    const base = {
      severity: "error",
      seen: failure.error.message,
      means: "The vault cannot be opened: mail programs get no token.",
    } as const;
    if (file === undefined) {
      // Counted, not shown: when it works after all, the passphrase should not stand on the screen.
      const remedy = [`${shellLine(["sh", "-c", source?.passphrase_command ?? ""])} | wc -c`];
      return [{ ...base, remedy, advice: "This command has to print the passphrase, and end with status 0." }];
    }
    const path = settingsPath(file, machine.paths, machine.env);
    return [
      {
        ...base,
        remedy: [`(umask 077 && ${editorLine(path)})`, shellLine(["chmod", "go=", path])],
        advice: "Its first line has to be the passphrase.",
      },
    ];
  },
};
