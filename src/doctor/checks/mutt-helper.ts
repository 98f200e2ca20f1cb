/** The commands that give mutt and neomutt their tokens. */
import { doubleQuoted } from "../../clients/quoting.ts";
import type { Finding, MachineCheck } from "../check.ts";
import { whereIs } from "../configs/setting.ts";
import { helperFindings, tokenLine } from "../helpers.ts";
import { assignment, COMMANDS, type MuttSettings, muttSettings } from "../mutt-accounts.ts";
import { addLine, mendLine } from "../programs.ts";

export const muttHelper: MachineCheck = {
  of: "machine",
  id: "mutt-helper",
  title: "the commands that give mutt and neomutt their tokens",
  worst: "error",
  async examine(machine) {
    const found = await muttSettings(machine);
    return [...found.flatMap(brokenCommands), ...found.flatMap(missingCommands)];
  },
};

function brokenCommands({ program, account, subject }: MuttSettings): Finding[] {
  const { machine } = subject;
  return COMMANDS.flatMap((name) => {
    const setting = account.settings.get(name);
    if (setting === undefined) return [];
    const mend = (command: string) => mendLine(program, setting, assignment(setting, quoted(command)));
    const says = "it says that it cannot log in";
    return helperFindings({ machine, program, setting, says, mend, address: subject.account.address });
  });
}

/** Wanted by the authenticators, and not there: the other settings are left to those who log in by other means. */
function missingCommands({ program, account, subject }: MuttSettings): Finding[] {
  return (["imap", "smtp"] as const).flatMap((protocol) => {
    const authenticators = account.settings.get(`${protocol}_authenticators`);
    const name = `${protocol}_oauth_refresh_command`;
    if (authenticators === undefined || account.settings.has(name)) return [];
    if (!/xoauth2|oauthbearer/i.test(authenticators.value)) return [];
    const line = assignment({ name }, quoted(tokenLine(subject.account.address, subject.machine)));
    return [
      {
        severity: "error" as const,
        seen: `${whereIs(authenticators)}: ${protocol}_authenticators wants a token, and there is no ${name}`,
        means: `${program} says “OAUTH refresh command not defined”, and does not log in.`,
        ...addLine(program, authenticators, line),
      },
    ];
  });
}

function quoted(command: string): string {
  return doubleQuoted(command, "$`");
}
