/** vault.toml: which vault is active. */
import { shellLine } from "../../platform/shell.ts";
import { vaultSettingsPath } from "../../vault/settings.ts";
import type { Finding, MachineCheck } from "../check.ts";
import { problemOf } from "../file-problem.ts";
import { loginLines } from "../remedies.ts";
import { vaultFailure } from "../vault-failure.ts";
import { credentialFiles } from "../vault-files.ts";

const NO_TOKEN = "No credential can be read: mail programs get no token.";

export const vaultSettings: MachineCheck = {
  id: "vault-settings",
  title: "which vault is active: vault.toml",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const failure = await vaultFailure(machine, "vault-settings");
    if (failure === undefined) return [];
    const path = vaultSettingsPath(machine.paths);
    if (failure.reason !== "no_vault") return problemOf(failure.error, path, NO_TOKEN);
    const [stored] = credentialFiles(machine);
    // Before the first account there is none, and that is as it should be.
    if (stored === undefined && machine.accounts.length === 0) return [];
    return [stored === undefined ? neverSetUp(loginLines(machine)) : settingsLost(path, stored.kind, stored.path)];
  },
};

function neverSetUp(logins: readonly string[]): Finding {
  return {
    severity: "error",
    seen: "no vault is set up yet, and nobody is signed in",
    means: "There is no credential to get a token with. Signing in sets a vault up.",
    remedy: logins,
  };
}

/** The credentials are there, and what opens them is not known any more. */
function settingsLost(settings: string, kind: string, credential: string): Finding {
  const commands: Record<string, string> = {
    age: shellLine(["mailkey", "vault", "use", "age", "--identity", "default"]),
    keyring: shellLine(["mailkey", "vault", "init", "keyring"]),
    gpg: `mailkey vault use gpg --recipient "$(gpg --list-only --status-fd 1 -d ${shellLine([credential])} 2>/dev/null | sed -n 's/.*ENC_TO \\([0-9A-F]*\\).*/\\1/p' | head -n 1)"`,
  };
  const command = commands[kind];
  const advice =
    "Restore it from a backup. If there is none, it needs the two commands that the credentials were made with.";
  return {
    severity: "error",
    seen: `${settings} is not there, and ${credential} is`,
    means: "Nothing says how the stored credentials are decrypted: mail programs get no token.",
    remedy: command === undefined ? ["mailkey help vault"] : [command],
    ...(command === undefined ? { advice } : {}),
  };
}
