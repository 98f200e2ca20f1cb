/** The command that gives msmtp its token, and passwords in its place. */
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { readMsmtp } from "../configs/msmtp.ts";
import { type ProgramAccount, whereIs } from "../configs/setting.ts";
import { helperFindings, tokenLine } from "../helpers.ts";
import { addLine, helperAccounts, mendLine, MSMTP_OWNER } from "../programs.ts";
import { deleteLine } from "../remedies.ts";

export const msmtpHelper: MachineCheck = {
  of: "machine",
  id: "msmtp-helper",
  title: "the command that gives msmtp its token",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("msmtp")) === undefined) return [];
    const accounts = helperAccounts(machine, readMsmtp(machine), MSMTP_OWNER);
    return accounts.flatMap(({ account, address }) => examineAccount(machine, account, address));
  },
};

function examineAccount(machine: Machine, account: ProgramAccount, address: string | undefined): Finding[] {
  const setting = account.settings.get("passwordeval");
  const password = account.settings.get("password");
  const stored: Finding[] = password === undefined ? [] : [passwordStored(password.file, password.line)];
  if (setting !== undefined) {
    const mend = (command: string) => mendLine("msmtp", setting, `passwordeval "${command}"`);
    const says = "it says “cannot read output” and sends nothing";
    return [...stored, ...helperFindings({ machine, program: "msmtp", setting, says, mend, address })];
  }
  if (address === undefined) return stored;
  return [
    ...stored,
    {
      severity: "error",
      seen: `${whereIs(account)}: account ${account.name} has no passwordeval`,
      means: "msmtp asks for a password, which the provider does not take.",
      ...addLine("msmtp", account, `passwordeval "${tokenLine(address, machine)}"`),
    },
  ];
}

function passwordStored(file: string, line: number): Finding {
  return {
    severity: "error",
    seen: `${whereIs({ file, line })}: a password is stored`,
    means: "msmtp sends it instead of a token, and the provider refuses it. Whoever reads the file has it.",
    remedy: [deleteLine(file, line)],
  };
}
