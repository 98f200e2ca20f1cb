/** Credentials that no account uses: somebody deleted the account's file, or renamed it. */
import { accountPath } from "../../accounts/store.ts";
import { shellLine } from "../../platform/shell.ts";
import type { MachineCheck } from "../check.ts";
import { linkStatOf } from "../files.ts";
import { mailkeyLine } from "../remedies.ts";
import { credentialFiles, type CredentialFile } from "../vault-files.ts";

export const orphanedCredentials: MachineCheck = {
  id: "orphaned-credentials",
  title: "credentials without an account",
  worst: "warning",
  of: "machine",
  examine(machine) {
    const orphans = credentialFiles(machine).filter(({ address }) => !hasFile(address));
    return [...Map.groupBy(orphans, ({ address }) => address)].map(([address, files]) => ({
      severity: "warning" as const,
      seen: `there is a credential of ${address} (${pathsOf(files).join(", ")}), and no such account`,
      means: "It is of no use here, but still opens the mailbox for whoever can decrypt it.",
      remedy: [mailkeyLine("add", address)],
      advice: `Or give it up: ${shellLine(["rm", ...pathsOf(files)])}.`,
    }));

    function hasFile(address: string): boolean {
      try {
        return linkStatOf(accountPath(machine.paths, address)) !== undefined;
      } catch {
        return false; // no address at all
      }
    }
  },
};

function pathsOf(files: readonly CredentialFile[]): string[] {
  return files.map(({ path }) => path);
}
