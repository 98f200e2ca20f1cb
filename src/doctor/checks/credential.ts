/** The account's stored credential: there, and to be decrypted and understood while the vault itself works. */
import { isMailkeyError } from "../../errors.ts";
import { addressToFileName } from "../../accounts/address.ts";
import { shellLine } from "../../platform/shell.ts";
import type { AccountCheck } from "../check.ts";
import { mailkeyLine } from "../remedies.ts";
import { credentialFiles } from "../vault-files.ts";

export const credential: AccountCheck = {
  id: "credential",
  title: "the account's credential: there, and readable",
  worst: "error",
  of: "credential",
  async examine(subject) {
    const { machine, account } = subject;
    if ((await machine.vault()).failure !== undefined) return [];
    const stored = await subject.stored();
    const login = mailkeyLine("login", account.credential);
    const means = "mail programs get no token for it.";
    if (stored === undefined) {
      const elsewhere = credentialFiles(machine).filter(({ name }) => name === addressToFileName(account.credential));
      const [left] = elsewhere;
      // Where nobody signs in, the next one who needs a token asks for it.
      if (left === undefined && account.grant !== "sign_in") return [];
      if (left === undefined) {
        const seen = `${account.credential} is not signed in`;
        return [{ severity: "error", seen, means: `There is no credential: ${means}`, remedy: [login] }];
      }
      return [
        {
          severity: "error",
          seen: `the credential of ${account.credential} is not in the active vault: it is in ${left.path} (${left.kind})`,
          means: `vault.toml was changed without carrying it over: ${means}`,
          remedy: [login, shellLine(["rm", ...elsewhere.map(({ path }) => path)])],
        },
      ];
    }
    if (!isMailkeyError(stored) || stored.code === "ERR_UNTRUSTED_FILE") return [];
    return [
      {
        severity: "error",
        seen: `the credential of ${account.credential} cannot be used: ${stored.message}`,
        means: `The vault works, but not for what is stored: ${means}`,
        remedy: [login],
        advice: "If you have a backup of the state folder and of the key, restore those instead.",
      },
    ];
  },
};
