/** Credentials that another vault than the active one has left: nobody renews them, and their key is no longer watched over. */
import { moveWasInterrupted } from "../../vault/move.ts";
import { vaultFolder } from "../../vault/open.ts";
import { shellLine } from "../../platform/shell.ts";
import type { Finding, MachineCheck } from "../check.ts";
import { vaultSettings } from "../files.ts";
import { credentialFiles, type CredentialFile } from "../vault-files.ts";

export const strayCredentials: MachineCheck = {
  id: "stray-credentials",
  title: "credentials left in another vault than the active one",
  worst: "warning",
  of: "machine",
  examine(machine) {
    const settings = vaultSettings(machine);
    if (settings === undefined || isMoving()) return [];
    const files = credentialFiles(machine);
    const isActive = ({ folder, kind }: CredentialFile) =>
      kind === settings.active && folder === vaultFolder(settings, machine.paths);
    const active = new Set(files.filter(isActive).map(({ name }) => name));
    // The only one there is must not be thrown away: the account's check says what to do.
    const strays = files.filter((file) => !isActive(file) && active.has(file.name));
    return strays.map((file) => findingOf(file, settings.active));

    function isMoving(): boolean {
      try {
        return moveWasInterrupted(machine.paths);
      } catch {
        return true; // a marker that cannot be read is a finding of its own
      }
    }
  },
};

function findingOf({ path, kind, address }: CredentialFile, active: string): Finding {
  return {
    severity: "warning",
    seen: `${path} is an old credential of ${address} in the ${kind} vault; the active one is ${active}`,
    means: "It is not used any more, but may still open the mailbox for whoever can decrypt it.",
    remedy: [shellLine(["rm", path])],
  };
}
