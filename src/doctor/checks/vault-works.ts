/** Whatever is wrong with the vault and is not one of the known things. */
import type { MachineCheck } from "../check.ts";
import { vaultFailure } from "../vault-failure.ts";

export const vaultWorks: MachineCheck = {
  id: "vault-works",
  title: "whether the vault gives back what it was given",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "vault-works");
    if (failure === undefined) return [];
    const { message, hint } = failure.error;
    return [
      {
        severity: "error",
        seen: message,
        means: "The credentials cannot be read: mail programs get no token.",
        remedy: ["mailkey vault"],
        ...(hint === undefined ? {} : { advice: `What helps: ${hint}.` }),
      },
    ];
  },
};
