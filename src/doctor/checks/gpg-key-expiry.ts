/** A gpg key that works today and not next month. */
import { extensionLines, listSecretKeys } from "../../vault/gpg-keys.ts";
import type { MachineCheck } from "../check.ts";
import { gpgOf } from "../gpg.ts";

const DAY_MS = 86_400_000;
/** Long enough that somebody who looks once a month sees it. */
const WARN_DAYS = 40;

export const gpgKeyExpiry: MachineCheck = {
  id: "gpg-key-expiry",
  title: "when the vault's gpg key expires",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const { settings, failure } = await machine.vault();
    const recipient = settings?.gpg?.recipient;
    if (settings?.active !== "gpg" || recipient === undefined || failure !== undefined) return [];
    const gpg = gpgOf(settings, machine);
    const [key] = await listSecretKeys(gpg, recipient);
    const { wallMs } = machine.clock.now();
    if (key?.expiresAtMs === undefined || key.expiresAtMs - wallMs > WARN_DAYS * DAY_MS) return [];
    const days = Math.max(0, Math.floor((key.expiresAtMs - wallMs) / DAY_MS));
    return [
      {
        severity: "warning",
        seen: `the gpg key ${recipient} expires on ${new Date(key.expiresAtMs).toISOString().slice(0, 10)}, in ${days} days`,
        means: "From then on a renewed sign-in cannot be stored, and mail programs get no token.",
        remedy: await extensionLines(gpg, recipient),
      },
    ];
  },
};
