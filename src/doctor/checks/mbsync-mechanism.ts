/** AuthMechs of mbsync, which takes any word without a murmur. */
import type { MachineCheck } from "../check.ts";
import { readMbsync } from "../configs/mbsync.ts";
import { whereIs } from "../configs/setting.ts";
import { mechanismFor, mechanismProblem } from "../mechanisms.ts";
import { MBSYNC_OWNER, mendLine, ownedAccounts } from "../programs.ts";

export const mbsyncMechanism: MachineCheck = {
  of: "machine",
  id: "mbsync-mechanism",
  title: "the mechanisms that mbsync is told to use",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("mbsync")) === undefined) return [];
    return ownedAccounts(machine, readMbsync(machine), MBSYNC_OWNER).flatMap(({ account, subject }) => {
      const setting = account.settings.get("authmechs") ?? account.settings.get("authmech");
      const problem = setting === undefined ? undefined : mechanismProblem(setting.value.split(/\s+/));
      if (setting === undefined || problem === undefined) return [];
      return [
        {
          severity: "error" as const,
          seen: `${whereIs(setting)}: AuthMechs ${setting.value}: ${problem.what}`,
          means: `${problem.means} mbsync says “server supports no acceptable authentication mechanism”.`,
          ...mendLine("mbsync", setting, `AuthMechs ${mechanismFor(subject, "imap")}`),
        },
      ];
    });
  },
};
