/** gpg's agent: that it can be reached, and takes a passphrase as mailkey was told to give it. */
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { gpgOf, gpgOption, type GpgOption } from "../gpg.ts";
import { deleteLine } from "../remedies.ts";
import { vaultFailure, type VaultFailure } from "../vault-failure.ts";

const RELOAD = "gpgconf --kill gpg-agent";

export const gpgAgent: MachineCheck = {
  id: "gpg-agent",
  title: "gpg's agent, and how it takes the passphrase",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "gpg-agent");
    return failure === undefined ? [] : [await findingOf(failure, machine)];
  },
};

async function findingOf({ error, reason }: VaultFailure, machine: Machine): Promise<Finding> {
  const gpg = gpgOf((await machine.vault()).settings, machine);
  const base = { severity: "error", seen: error.message } as const;
  if (reason === "loopback_forbidden") {
    return {
      ...base,
      means: "mailkey has the passphrase and may not hand it over: mail programs get no token.",
      remedy: [...without(gpgOption(gpg, "gpg-agent.conf", "no-allow-loopback-pinentry")), RELOAD],
    };
  }
  if (reason === "loopback_without_source") {
    return {
      ...base,
      means: "gpg expects the passphrase from mailkey, which does not know it: mail programs get no token.",
      remedy: without(gpgOption(gpg, "gpg.conf", "pinentry-mode")),
      advice: "Or let mailkey give it: mailkey vault use gpg --passphrase-file FILE.",
    };
  }
  return {
    ...base,
    means: "The agent holds the secret key: without it nothing is decrypted, and mail programs get no token.",
    remedy: [...without(gpgOption(gpg, "gpg.conf", "agent-program")), RELOAD, "gpg-connect-agent /bye"],
    advice: "If the last command complains, its words say why.",
  };
}

function without(option: GpgOption | undefined): string[] {
  return option === undefined ? [] : [deleteLine(option.path, option.line)];
}
