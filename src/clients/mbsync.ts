/**
 * mbsync (isync): fetches a whole mailbox into Maildirs and keeps both sides alike.
 *
 * A section of its configuration ends at an empty line, and comments do not end one: hence the empty lines around the sections.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import { accountMaildir } from "./maildir.ts";
import { doubleQuoted } from "./quoting.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest } from "./recipe.ts";
import { findSections } from "./sections.ts";
import { isAtLeast } from "./version.ts";

export const mbsync: Recipe = {
  name: "mbsync",
  title: "mbsync (isync)",
  summary: "fetches all folders into ~/Maildir and takes changes back to the server",
  capabilities: ["fetch"],
  executables: ["mbsync"],
  versionArgs: ["--version"],
  versionPattern: /isync (\d+(?:\.\d+)+)/,
  render(request) {
    const { accounts, home } = request;
    const path = configFile(request);
    const folders = accounts.map(({ label }) => accountMaildir(home, label));
    return {
      edits: [{ kind: "block", path, comment: "#", text: accounts.map((each) => sections(each, request)).join("") }],
      folders,
      handMade: findHandMade(request.read(path) ?? "", path, accounts),
      notes: [
        `If it says "selected SASL mechanism(s) not available", it lacks a plugin. Debian and Ubuntu:\n    sudo apt install libsasl2-modules-kdexoauth2\nArch: cyrus-sasl-xoauth2-git.`,
        `Fetch:\n${accounts.map(({ label }) => `    mbsync ${label}`).join("\n")}`,
      ],
    };
  },
  sources: [
    "https://isync.sourceforge.io/mbsync.html",
    "https://sourceforge.net/p/isync/isync/ci/master/tree/NEWS",
    "https://bugs.debian.org/cgi-bin/bugreport.cgi?bug=939991",
  ],
};

/** From 1.5 on a file in the XDG folder goes before the one in the home folder. */
function configFile({ home, env, program, read }: RenderRequest): string {
  const recent = join(configHome(env), "isyncrc");
  return isAtLeast(program?.version, "1.5") && read(recent) !== undefined ? recent : join(home, ".mbsyncrc");
}

function sections(account: MailAccount, request: RenderRequest): string {
  const { user, label, tokenCommand } = account;
  const imap = neededServer(account, "imap", "mbsync");
  const version = request.program?.version;
  // 1.5 takes the old name as well, so that is what an unknown version gets.
  const tls = version !== undefined && isAtLeast(version, "1.5") ? "TLSType" : "SSLType";
  const ca = request.caFile === undefined ? "" : `CertificateFile ${doubleQuoted(request.caFile)}\n`;
  const maildir = accountMaildir(request.home, label);
  return `
IMAPAccount ${label}
Host ${imap.host}
Port ${imap.port}
User ${doubleQuoted(user)}
${tls} ${imap.security === "tls" ? "IMAPS" : "STARTTLS"}
${ca}AuthMechs ${neededMechanism(account, "imap", "mbsync", ["XOAUTH2", "OAUTHBEARER"])}
PassCmd ${doubleQuoted(shellLine(tokenCommand))}

IMAPStore ${label}-remote
Account ${label}

MaildirStore ${label}-local
Path ${doubleQuoted(`${maildir}/`)}
Inbox ${doubleQuoted(`${maildir}/INBOX`)}
SubFolders Verbatim

Channel ${label}
Far :${label}-remote:
Near :${label}-local:
Patterns *
Create Near
SyncState *

`;
}

/** An account with this very server and user, or one that has our name. */
function findHandMade(own: string, path: string, accounts: readonly MailAccount[]): HandMade[] {
  const beginnings = ["imapaccount", "imapstore", "maildirstore", "channel", "group"];
  return findSections(own, beginnings).flatMap(({ keyword, name, line, values }) => {
    const account = accounts.find(
      ({ label, user, servers }) =>
        (keyword === "imapaccount" && name === label) ||
        (values.get("host")?.toLowerCase() === servers.imap?.host.toLowerCase() && values.get("user") === user),
    );
    return account === undefined ? [] : { path, line, address: account.address };
  });
}
