/** The gpg key of the vault: there with its secret half, and to be encrypted to. */
import { extensionLines } from "../../vault/gpg-keys.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { gpgOf } from "../gpg.ts";
import { loginLines } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";

const NO_RENEWAL = "A renewed sign-in cannot be stored: when the present tokens end, mail programs get none.";

export const gpgKey: MachineCheck = {
  id: "gpg-key",
  title: "the vault's gpg key: secret half, expiry, revocation",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "gpg-key");
    if (failure === undefined) return [];
    const { settings } = await machine.vault();
    const recipient = settings?.gpg?.recipient ?? "";
    const seen = failure.error.message;
    switch (failure.reason) {
      case "key_expired": {
        const remedy = await extensionLines(gpgOf(settings, machine), recipient);
        return [{ severity: "error", seen, means: NO_RENEWAL, remedy }];
      }
      case "key_revoked":
      case "key_unusable":
        return [{ severity: "error", seen, means: NO_RENEWAL, remedy: ["mailkey vault move age"] }];
      default:
        return [lost(seen, machine)];
    }
  },
};

function lost(seen: string, machine: Machine): Finding {
  return {
    severity: "error",
    seen,
    means: "The stored credentials cannot be decrypted without it: mail programs get no token.",
    remedy: ["mailkey vault init age --leave-behind", ...loginLines(machine)],
    advice:
      "If you have a backup of the key, import it instead: gpg --import FILE. If it is in another GNUPGHOME, set that. Otherwise the credentials are lost, and everybody signs in again.",
  };
}
