/** How aerc is told to log in: the scheme of a URL says it, and the command beside it gives the token. */
import { join } from "node:path";
import { commandValue } from "../../clients/aerc.ts";
import { configHome } from "../../platform/paths.ts";
import { peerText } from "../../platform/text.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { readIni } from "../configs/ini.ts";
import { type ProgramAccount, type Setting, whereIs } from "../configs/setting.ts";
import { helperFindings, helperOf, tokenLine } from "../helpers.ts";
import { addLine, mendLine } from "../programs.ts";

export const aercAccounts: MachineCheck = {
  of: "machine",
  id: "aerc-accounts",
  title: "how aerc is told to log in",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("aerc")) === undefined) return [];
    const accounts = readIni(join(configHome(machine.env), "aerc", "accounts.conf"));
    const urls = ["source", "outgoing"] as const;
    return accounts.flatMap((account) => urls.flatMap((name) => urlFindings(machine, account, name)));
  },
};

function urlFindings(machine: Machine, account: ProgramAccount, name: "source" | "outgoing"): Finding[] {
  const setting = account.settings.get(name);
  const url = setting === undefined ? null : /^([a-z]+)(\+\w+)?:\/\/([^@/:]+)(?::[^@/]*)?@/.exec(setting.value);
  if (setting === undefined || url === null) return [];
  const [, scheme = "", mechanism = "", user = ""] = url;
  const subject = machine.accounts.find(({ account: own }) => [own.user, own.address].includes(decoded(user)));
  if (subject === undefined || !/^(?:imap|smtp)/.test(scheme)) return [];
  const command = account.settings.get(`${name}-cred-cmd`);
  if (mechanism !== "+xoauth2" && mechanism !== "+oauthbearer") {
    const mended = setting.value.replace(`${scheme}${mechanism}://`, `${scheme}+xoauth2://`);
    return [wrongScheme(setting, `${scheme}${mechanism}`, `${name} = ${mended}`)];
  }
  const line = (token: string) => `${name}-cred-cmd = ${commandValue(token)}`;
  const { address } = subject.account;
  if (command === undefined)
    return [
      {
        severity: "error",
        seen: `${whereIs(setting)}: there is no ${name}-cred-cmd`,
        means: "aerc asks for a password, which the provider does not take.",
        ...addLine("aerc", setting, line(tokenLine(address, machine))),
      },
    ];
  if (helperOf(command.value, machine) === undefined) return [];
  const mend = (token: string) => mendLine("aerc", command, line(token));
  return helperFindings({ machine, program: "aerc", setting: command, says: "it cannot log in", mend, address });
}

/** The URL may hold a password: only its scheme is shown. */
function wrongScheme(setting: Setting, scheme: string, line: string): Finding {
  const hasPassword = /:\/\/[^@/]*:[^@/]*@/.test(setting.value);
  return {
    severity: "error",
    seen: `${whereIs(setting)}: ${setting.name} begins with ${peerText(scheme, 40)}://`,
    means: "aerc then logs in with a password, which the provider does not take. For a token +xoauth2 belongs into it.",
    ...(hasPassword
      ? { remedy: [], advice: `Write ${scheme.replace(/\+.*/, "")}+xoauth2:// there, and take the password out.` }
      : mendLine("aerc", setting, line)),
  };
}

function decoded(user: string): string {
  try {
    return decodeURIComponent(user.replaceAll("%%", "%"));
  } catch {
    return user;
  }
}
