/** GnuPG itself. */
import type { MachineCheck } from "../check.ts";
import { installLines } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";

export const gpgProgram: MachineCheck = {
  id: "gpg-program",
  title: "gpg, which the vault needs",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "gpg-program");
    if (failure === undefined) return [];
    const { settings } = await machine.vault();
    const own = settings?.gpg?.program;
    return [
      {
        severity: "error",
        seen: failure.error.message,
        means: "The credentials are encrypted with it: mail programs get no token.",
        ...(own === undefined
          ? {
              remedy: await installLines(machine, "gnupg"),
              advice: "On other systems than Debian and Ubuntu the package is called gnupg, gnupg2 or gpg.",
            }
          : { remedy: ["mailkey vault use gpg --program gpg"] }),
      },
    ];
  },
};
