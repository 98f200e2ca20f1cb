/** The command that gives mbsync its token, and passwords beside it. */
import { doubleQuoted } from "../../clients/quoting.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { readMbsync } from "../configs/mbsync.ts";
import type { ProgramAccount } from "../configs/setting.ts";
import { helperFindings, helperOf, tokenLine } from "../helpers.ts";
import { addLine, MBSYNC_OWNER, mendLine, ownedAccounts, whereIs } from "../programs.ts";
import { deleteLine } from "../remedies.ts";

export const mbsyncHelper: MachineCheck = {
  of: "machine",
  id: "mbsync-helper",
  title: "the command that gives mbsync its token",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("mbsync")) === undefined) return [];
    const accounts = readMbsync(machine);
    const owned = new Map(ownedAccounts(machine, accounts, MBSYNC_OWNER).map((each) => [each.account, each.subject]));
    return accounts.flatMap((account) => {
      const subject = owned.get(account);
      const setting = account.settings.get("passcmd");
      // What is neither for one of our accounts nor runs mailkey is nobody's business here.
      if (subject === undefined && (setting === undefined || helperOf(setting.value, machine)?.isMailkey !== true))
        return [];
      return examineAccount(machine, account, subject?.account.address);
    });
  },
};

function examineAccount(machine: Machine, account: ProgramAccount, address: string | undefined): Finding[] {
  const setting = account.settings.get("passcmd");
  const password = account.settings.get("pass");
  const stored = password === undefined ? [] : [passwordStored(password.file, password.line, setting !== undefined)];
  if (setting !== undefined) {
    const mend = (command: string) => mendLine("mbsync", setting, `PassCmd ${doubleQuoted(command)}`);
    const says = "it says “PassCmd exited with status …” and skips the account";
    return [...stored, ...helperFindings({ machine, program: "mbsync", setting, says, mend, address })];
  }
  if (address === undefined) return stored;
  return [
    ...stored,
    {
      severity: "error",
      seen: `${whereIs(account)}: there is no PassCmd`,
      means: "mbsync asks for a password, which the provider does not take.",
      ...addLine("mbsync", account, `PassCmd ${doubleQuoted(tokenLine(address, machine))}`),
    },
  ];
}

function passwordStored(file: string, line: number, isUnused: boolean): Finding {
  return {
    severity: "warning",
    seen: `${whereIs({ file, line })}: a password is stored`,
    means: `The provider does not take it${isUnused ? ", and mbsync does not use it" : ""}: it is only there to be stolen.`,
    remedy: [deleteLine(file, line)],
  };
}
