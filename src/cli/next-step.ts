/** What to do after signing in: lines to paste into the two programs that most people use. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { findExecutables } from "../platform/executables.ts";
import type { Environment } from "../platform/paths.ts";
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
  return shellLine([command, "token", address]);
}

/** This program's absolute path, by the name it has on PATH when that leads here: an update then changes nothing. */
export function commandPath(env: Environment): string {
  const own = ownPath();
  return findExecutables("mailkey", env).find((candidate) => leadsTo(candidate, own)) ?? own;
}

/** A compiled executable is its own; a script is the runtime's first argument. */
function ownPath(): string {
  const script = process.argv[1];
  const isCompiled = script === undefined || script.startsWith("/$bunfs/") || script.startsWith("B:\\~BUN\\");
  return isCompiled ? process.execPath : resolve(script);
}

function leadsTo(candidate: string, target: string): boolean {
  try {
    return realpathSync(candidate) === realpathSync(target);
  } catch {
    return false;
  }
}
