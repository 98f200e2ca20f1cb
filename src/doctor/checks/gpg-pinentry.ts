/** How gpg asks for a passphrase, when it has to, and whether anybody can answer. */
import { basename } from "node:path";
import { hasNoPassphrase, listSecretKeys } from "../../vault/gpg-keys.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { statOf } from "../files.ts";
import { gpgOf, gpgOption, pinentryProgram } from "../gpg.ts";
import { deleteLine, installLines } from "../remedies.ts";
import { vaultFailure, type VaultFailure } from "../vault-failure.ts";

const NO_TOKEN = "Mail programs get no token until the passphrase is known.";
const SET_GPG_TTY = ["echo 'export GPG_TTY=$(tty)' >> ~/.profile", "export GPG_TTY=$(tty)"];
const UNATTENDED = "To be asked no more: mailkey vault use gpg --passphrase-file FILE, or mailkey vault move age.";
/** Those that draw on the terminal which GPG_TTY names. */
const ON_TERMINALS = /^pinentry-(curses|tty)$/;

export const gpgPinentry: MachineCheck = {
  id: "gpg-pinentry",
  title: "how gpg asks for the passphrase: pinentry, GPG_TTY",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "gpg-pinentry");
    return failure === undefined ? terminalUnset(machine) : [await findingOf(failure, machine)];
  },
};

async function findingOf({ error, reason }: VaultFailure, machine: Machine): Promise<Finding> {
  const base = { severity: "error", seen: error.message, means: NO_TOKEN } as const;
  if (reason === "no_pinentry") {
    const option = gpgOption(gpgOf((await machine.vault()).settings, machine), "gpg-agent.conf", "pinentry-program");
    if (option !== undefined && statOf(option.value) === undefined) {
      return {
        ...base,
        seen: `gpg has to ask for a passphrase with ${option.value}, which does not exist (${option.path})`,
        remedy: [deleteLine(option.path, option.line), "gpgconf --kill gpg-agent"],
      };
    }
    const remedy = await installLines(machine, "pinentry-curses");
    return { ...base, remedy, advice: `What is missing is pinentry, the program that asks. ${UNATTENDED}` };
  }
  if (reason === "no_terminal") return { ...base, remedy: [...SET_GPG_TTY, "mailkey vault"], advice: UNATTENDED };
  return { ...base, remedy: ["mailkey vault"], advice: `Answer the question that comes. ${UNATTENDED}` };
}

/** It works because the agent remembers the passphrase. When it has forgotten it, mail programs have no terminal to offer. */
async function terminalUnset(machine: Machine): Promise<Finding[]> {
  const { settings, failure } = await machine.vault();
  const { recipient, passphrase_file: file, passphrase_command: command } = settings?.gpg ?? {};
  const isAsked = settings?.active === "gpg" && failure === undefined && file === undefined && command === undefined;
  if (!isAsked || recipient === undefined || (machine.env["GPG_TTY"] ?? "") !== "") return [];
  const gpg = gpgOf(settings, machine);
  const [key] = await listSecretKeys(gpg, recipient);
  if (key === undefined || (await hasNoPassphrase(gpg, key))) return [];
  const pinentry = basename((await pinentryProgram(gpg)) ?? "");
  if (!ON_TERMINALS.test(pinentry)) return [];
  return [
    {
      severity: "warning",
      seen: `GPG_TTY is not set, and gpg asks for the passphrase with ${pinentry}, which needs it`,
      means: "It works while the agent remembers the passphrase. After that, mail programs get no token.",
      remedy: SET_GPG_TTY,
    },
  ];
}
