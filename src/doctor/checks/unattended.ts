/**
 * What works at the terminal and not from cron, a systemd timer or a mail program that was started by one: those have no terminal, no
 * session bus, and hardly any environment.
 */
import { homeFolder, type Environment } from "../../platform/paths.ts";
import { shellLine } from "../../platform/shell.ts";
import { hasNoPassphrase, listSecretKeys } from "../../vault/gpg-keys.ts";
import type { VaultSettings } from "../../vault/settings.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { gnupgFolder, gpgOf } from "../gpg.ts";
import { lookAtVault } from "../vault-look.ts";

const LIMIT_MS = 6000;
const MEANS = "Mail that is fetched or sent by cron, a timer or in the background gets no token.";
/** An identity in any case: without it `move age` stays with the passphrase that is set up. */
const NEVER_ASKS = "mailkey vault move age --identity default";
const WITH_AGENT = "Or have it typed once a session: mailkey agent unlock.";

export const unattended: MachineCheck = {
  id: "unattended",
  title: "tokens with nobody there, as from cron",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const { settings, failure } = await machine.vault();
    if (settings === undefined || failure !== undefined) return [];
    if (settings.active === "age" && settings.age?.passphrase === "prompt")
      return [{ ...warning("somebody has to type the vault's passphrase", NEVER_ASKS), advice: WITH_AGENT }];
    if (settings.active !== "gpg") return tryAsCron(machine);
    return (await asksForPassphrase(settings, machine)) ?? gpgElsewhere(settings, machine) ?? tryAsCron(machine);
  },
};

/** @see crontab(5): HOME, LOGNAME and SHELL are set, and PATH to this */
function cronEnvironment({ env }: Machine): Environment {
  return { HOME: homeFolder(env), LOGNAME: env["LOGNAME"] ?? env["USER"], SHELL: "/bin/sh", PATH: "/usr/bin:/bin" };
}

/** Not tried out: while the agent remembers the passphrase it would work, and afterwards a window might open. */
async function asksForPassphrase(settings: VaultSettings, machine: Machine): Promise<Finding[] | undefined> {
  const { recipient, passphrase_file: file, passphrase_command: command } = settings.gpg ?? {};
  if (recipient === undefined || file !== undefined || command !== undefined) return undefined;
  const gpg = gpgOf(settings, machine);
  const [key] = await listSecretKeys(gpg, recipient);
  if (key === undefined || (await hasNoPassphrase(gpg, key))) return undefined;
  const seen = `gpg asks for the passphrase of ${recipient}, or for its card, whenever its agent does not remember it`;
  const advice = "To go on with gpg: mailkey vault use gpg --passphrase-file FILE.";
  return [{ ...warning(seen, NEVER_ASKS), advice }];
}

/** Looking would make gpg create its usual folder. */
function gpgElsewhere(settings: VaultSettings, machine: Machine): Finding[] | undefined {
  const gpg = gpgOf(settings, machine);
  const cron = cronEnvironment(machine);
  if (gpg.homedir !== undefined || (machine.env["GNUPGHOME"] ?? "") === "") return undefined;
  if (gnupgFolder({ ...gpg, env: cron }) === gnupgFolder(gpg)) return undefined;
  const seen = `the gpg key is in ${gnupgFolder(gpg)}, which only GNUPGHOME tells; cron and timers do not know that`;
  return [warning(seen, shellLine(["mailkey", "vault", "use", "gpg", "--homedir", gnupgFolder(gpg)]))];
}

async function tryAsCron(machine: Machine): Promise<Finding[]> {
  const env = cronEnvironment(machine);
  const { settings, failure } = await lookAtVault(machine.paths, env, LIMIT_MS, undefined);
  if (failure === undefined || settings === undefined) return [];
  const seen = `with cron's environment (PATH=/usr/bin:/bin, no terminal, no session bus): ${failure.message}`;
  return [
    runsCommands(settings)
      ? { ...warning(seen, "mailkey vault"), advice: "Name programs in the vault's commands by their full path." }
      : warning(seen, NEVER_ASKS),
  ];
}

function runsCommands({ active, age, gpg }: VaultSettings): boolean {
  const source = active === "age" ? age : active === "gpg" ? gpg : undefined;
  return active === "command" || source?.passphrase_command !== undefined;
}

function warning(seen: string, command: string): Finding {
  return { severity: "warning", seen, means: MEANS, remedy: [command] };
}
