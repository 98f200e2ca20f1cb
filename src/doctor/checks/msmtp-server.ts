/** Whether msmtp asks the right server, as the right user and sender. */
import { isSameAddress } from "../../accounts/address.ts";
import { peerText } from "../../platform/text.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { readMsmtp } from "../configs/msmtp.ts";
import { whereIs } from "../configs/setting.ts";
import { type ServerQuestion, serverFindings } from "../program-servers.ts";
import { mendLine, MSMTP_OWNER, type OwnedAccount, ownedAccounts } from "../programs.ts";

const MSMTP: ServerQuestion = {
  program: "msmtp",
  protocol: "smtp",
  command: "passwordeval",
  host: (host) => `host ${host}`,
  user: (user) => `user ${user}`,
};

export const msmtpServer: MachineCheck = {
  of: "machine",
  id: "msmtp-server",
  title: "host, user and sender of msmtp",
  worst: "error",
  async examine(machine) {
    if ((await machine.find("msmtp")) === undefined) return [];
    const owned = ownedAccounts(machine, readMsmtp(machine), MSMTP_OWNER);
    const found = await Promise.all(owned.map((each) => serverFindings(each, MSMTP)));
    return [...found.flat(), ...owned.flatMap((each) => senderFindings(machine, each))];
  },
};

/** An alias as sender is fine; another account's address is not. */
function senderFindings(machine: Machine, { account, subject }: OwnedAccount): Finding[] {
  const setting = account.settings.get("from");
  const { address } = subject.account;
  if (setting === undefined || isSameAddress(setting.value, address)) return [];
  if (!machine.accounts.some((other) => isSameAddress(other.account.address, setting.value))) return [];
  return [
    {
      severity: "warning",
      seen: `${whereIs(setting)}: from ${peerText(setting.value, 100)} in the account of ${address}`,
      means: "Providers refuse a sender whose mailbox it is not, or put their own in its place.",
      ...mendLine("msmtp", setting, `from ${address}`),
    },
  ];
}
