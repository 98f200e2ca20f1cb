/** What to do after signing in: lines to paste into the two programs that most people use. */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { tokenCommandOf } from "../clients/account.ts";
import { shellLine } from "../platform/shell.ts";

export function nextStepText(account: ResolvedAccount, command: string): string {
  const token = tokenCommand(account, command);
  const { imap, smtp } = account.provider.servers;
  const lines = ["Next, tell your mail programs where to get their token:", ""];
  if (imap !== undefined) {
    lines.push(
      "  # ~/.mbsyncrc, in the IMAPAccount",
      `  Host ${imap.host}`,
      `  Port ${imap.port}`,
      `  User ${account.user}`,
      // isync 1.5 calls it TLSType and takes the old name too; 1.4, which Debian 12 has, knows only this one.
      `  ${imap.security === "tls" ? "SSLType IMAPS" : "SSLType STARTTLS"}`,
      "  AuthMechs XOAUTH2",
      `  PassCmd "${token}"`,
      "",
    );
  }
  if (smtp !== undefined) {
    lines.push(
      "  # ~/.msmtprc, in the account",
      `  host ${smtp.host}`,
      `  port ${smtp.port}`,
      `  user ${account.user}`,
      `  tls on`,
      `  tls_starttls ${smtp.security === "starttls" ? "on" : "off"}`,
      "  auth xoauth2",
      `  passwordeval "${token}"`,
      "",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The line that a shell runs to get a token. */
export function tokenCommand({ address }: ResolvedAccount, command: string): string {
  return shellLine(tokenCommandOf(address, command));
}
