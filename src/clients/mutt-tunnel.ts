/**
 * mutt and neomutt with mailkey in the place of all their connections, which is what `tunnel` means to both: hooks set it for each
 * account's servers, and unset it for all others. The servers' names are the accounts' labels, since nobody looks them up.
 */
import { shellLine } from "../platform/shell.ts";
import { assignments, quoted, type Settings } from "./mutt-settings.ts";
import { neededServer } from "./needed.ts";
import { addrSpec } from "./quoting.ts";
import type { MailAccount } from "./recipe.ts";

/** @throws ERR_UNSUPPORTED when the account has no IMAP server */
export function tunnelLines(first: MailAccount, accounts: readonly MailAccount[], program: string): string[] {
  return [
    "set tunnel_is_secure = yes",
    'account-hook . "unset tunnel"', // for the user's other servers
    ...accounts.flatMap((account) => [tunnelHook(account, "imap"), tunnelHook(account, "smtp")]),
    ...assignments(sender(first, program)),
  ];
}

/** What goes after the other settings when there are several: `mailboxes` makes neomutt connect at once. */
export function severalTunnels(accounts: readonly MailAccount[], program: string): string[] {
  const hooks = accounts.map((account) => {
    const change = assignments(sender(account, program)).join("; ");
    return `folder-hook ${quoted(`imap://${account.label}/`)} ${quoted(change)}`;
  });
  return [...hooks, `mailboxes ${accounts.map(({ label }) => quoted(`imap://${label}/INBOX`)).join(" ")}`];
}

function tunnelHook({ label, tunnelCommands }: MailAccount, protocol: "imap" | "smtp"): string {
  const change = assignments([["tunnel", shellLine(tunnelCommands[protocol])]]).join("");
  return `account-hook ${quoted(`${protocol}://${label}(/|$)`)} ${quoted(change)}`;
}

/** Nobody logs in: a user's name in the URLs would make the programs try. */
function sender(account: MailAccount, program: string): Settings {
  neededServer(account, "imap", program);
  return [
    ["from", addrSpec(account.address)],
    ["folder", `imap://${account.label}/`],
    ["smtp_url", account.servers.smtp === undefined ? undefined : `smtp://${account.label}/`],
  ];
}
