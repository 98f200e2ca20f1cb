/** Authenticators of mutt and neomutt: misspelt ones are passed over, and none is left. */
import type { MachineCheck } from "../check.ts";
import { whereIs } from "../configs/setting.ts";
import { mechanismFor, mechanismProblem } from "../mechanisms.ts";
import { assignment, muttSettings } from "../mutt-accounts.ts";
import { mendLine } from "../programs.ts";

export const muttAuthenticators: MachineCheck = {
  of: "machine",
  id: "mutt-authenticators",
  title: "how mutt and neomutt are told to log in",
  worst: "error",
  async examine(machine) {
    return (await muttSettings(machine)).flatMap(({ program, account, subject }) =>
      (["imap", "smtp"] as const).flatMap((protocol) => {
        const setting = account.settings.get(`${protocol}_authenticators`);
        const problem = setting === undefined ? undefined : mechanismProblem(setting.value.split(/[:\s]+/));
        if (setting === undefined || problem === undefined) return [];
        const mechanism = mechanismFor(subject, protocol).toLowerCase();
        return [
          {
            severity: "error" as const,
            seen: `${whereIs(setting)}: ${setting.name} = ${setting.value}: ${problem.what}`,
            means: `${program} says “No authenticators available”, and does not log in.`,
            ...mendLine(program, setting, assignment(setting, `"${mechanism}"`)),
          },
        ];
      }),
    );
  },
};
