/** `auth` of msmtp: only when it names the mechanism does msmtp use a token. */
import type { Finding, MachineCheck } from "../check.ts";
import { readMsmtp } from "../configs/msmtp.ts";
import { whereIs } from "../configs/setting.ts";
import { mechanismFor, mechanismProblem } from "../mechanisms.ts";
import { addLine, mendLine, MSMTP_OWNER, type OwnedAccount, ownedAccounts } from "../programs.ts";

export const msmtpAuth: MachineCheck = {
  of: "machine",
  id: "msmtp-auth",
  title: "how msmtp is told to log in",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("msmtp")) === undefined) return [];
    return ownedAccounts(machine, readMsmtp(machine), MSMTP_OWNER).flatMap(examineAccount);
  },
};

function examineAccount({ account, subject }: OwnedAccount): Finding[] {
  const setting = account.settings.get("auth");
  const line = `auth ${mechanismFor(subject, "smtp").toLowerCase()}`;
  if (setting === undefined)
    return [
      {
        severity: "error",
        seen: `${whereIs(account)}: account ${account.name} has no auth`,
        means: "msmtp does not log in at all, and the server takes no mail from strangers.",
        ...addLine("msmtp", account, line),
      },
    ];
  const problem = problemOf(setting.value.toLowerCase());
  if (problem === undefined) return [];
  return [
    {
      severity: "error",
      seen: `${whereIs(setting)}: auth ${setting.value}${problem.what === "" ? "" : `: ${problem.what}`}`,
      means: problem.means,
      ...mendLine("msmtp", setting, line),
    },
  ];
}

function problemOf(word: string): { what: string; means: string } | undefined {
  if (word === "off") return { what: "", means: "msmtp does not log in, and the server takes no mail from strangers." };
  if (word === "on" || word === "")
    return { what: "", means: "msmtp then chooses among mechanisms for passwords: it never takes a token by itself." };
  const problem = mechanismProblem([word]);
  return problem === undefined || problem.what.includes("for passwords")
    ? problem
    : { what: problem.what, means: "msmtp says “invalid argument” and sends nothing, for any account." };
}
