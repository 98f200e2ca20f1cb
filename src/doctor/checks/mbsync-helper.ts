/** The command that gives mbsync its token, and passwords beside it. */
import { doubleQuoted } from "../../clients/quoting.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { readMbsync } from "../configs/mbsync.ts";
import { type ProgramAccount, whereIs } from "../configs/setting.ts";
import { helperFindings, tokenLine } from "../helpers.ts";
import { addLine, helperAccounts, MBSYNC_OWNER, mendLine } from "../programs.ts";
import { deleteLine } from "../remedies.ts";

export const mbsyncHelper: MachineCheck = {
  of: "machine",
  id: "mbsync-helper",
  title: "the command that gives mbsync its token",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("mbsync")) === undefined) return [];
    const accounts = helperAccounts(machine, readMbsync(machine), MBSYNC_OWNER);
    return accounts.flatMap(({ account, address }) => examineAccount(machine, account, address));
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
