/** mutt and neomutt that are too old for tokens. */
import { isAtLeast } from "../../clients/version.ts";
import type { MachineCheck, VersionQuestion } from "../check.ts";
import { muttSettings } from "../mutt-accounts.ts";

/** The first with XOAUTH2, and how the program tells its version. */
const OLDEST: Readonly<Record<string, VersionQuestion & { readonly wanted: string }>> = {
  mutt: { args: ["-v"], pattern: /^Mutt (\d+(?:\.\d+)+)/m, wanted: "2.0.0" },
  neomutt: { args: ["-v"], pattern: /^NeoMutt (\d{8})/m, wanted: "20211015" },
};

export const muttVersion: MachineCheck = {
  of: "machine",
  id: "mutt-version",
  title: "versions of mutt and neomutt",
  worst: "error",
  async examine(machine) {
    const findings = (await muttSettings(machine)).map(async ({ program }) => {
      const question = OLDEST[program];
      const version = question === undefined ? undefined : (await machine.find(program, question))?.version;
      if (question === undefined || isAtLeast(version, question.wanted)) return [];
      return [
        {
          severity: "error" as const,
          seen: `${program} ${version} is installed, and ${question.wanted} is the first that knows XOAUTH2`,
          means: "It takes no tokens, whatever is set.",
          remedy: [],
          advice: `Install a newer ${program}, or let mbsync fetch and msmtp send: ${program} needs no tokens then.`,
        },
      ];
    });
    return (await Promise.all(findings)).flat();
  },
};
