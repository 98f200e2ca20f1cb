/** What to do after signing in. */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { tokenCommandOf } from "../clients/account.ts";
import { shellLine } from "../platform/shell.ts";

/** @param command this program's absolute path */
export function nextStepText(account: ResolvedAccount, command: string): string {
  return `Next, have your mail programs get their tokens here:

  mailkey setup                        finds them, shows changes, and asks
  mailkey setup mbsync msmtp           the two that most people use
  mailkey setup mbsync msmtp --print   lines to paste yourself

What they run, and any other program can:

  ${tokenCommand(account, command)}
`;
}

/** The line that a shell runs to get a token. */
export function tokenCommand({ address }: ResolvedAccount, command: string): string {
  return shellLine(tokenCommandOf(address, command));
}
