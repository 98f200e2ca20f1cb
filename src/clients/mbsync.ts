/**
 * mbsync (isync): fetches a whole mailbox into Maildirs and keeps both sides alike.
 *
 * It logs in by libsasl2, which needs a plugin for tokens. Where there is none, mailkey takes the place of the connection.
 *
 * A section of its configuration ends at an empty line, and comments do not end one: hence the empty lines around the sections.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import { accountMaildir } from "./maildir.ts";
import { doubleQuoted } from "./quoting.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest, Way } from "./recipe.ts";
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
  ways: ["token", "tunnel"],
  async render(request) {
    const { accounts, home } = request;
    const way = request.way ?? ((await lacksPlugin(request)) ? "tunnel" : "token");
    const path = configFile(request);
    const folders = accounts.map(({ label }) => accountMaildir(home, label));
    return {
      edits: [
        { kind: "block", path, comment: "#", text: accounts.map((each) => sections(each, way, request)).join("") },
      ],
      way,
      folders,
      handMade: findHandMade(request.read(path) ?? "", path, accounts),
      notes: [
        way === "tunnel"
          ? "It reaches the server through mailkey, and needs neither a token nor a plugin for libsasl2."
          : `If it says "selected SASL mechanism(s) not available", it lacks a plugin. Debian and Ubuntu:\n    sudo apt install libsasl2-modules-kdexoauth2\nArch: cyrus-sasl-xoauth2-git. Without a plugin: mailkey setup mbsync --by tunnel`,
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

async function lacksPlugin({ program, hasTokenPlugin }: RenderRequest): Promise<boolean> {
  return program !== undefined && (await hasTokenPlugin(program)) === false;
}

/** How the server is reached, and who logs in. */
function connection(account: MailAccount, way: Way, { program, caFile }: RenderRequest): string {
  const { host, port, security } = neededServer(account, "imap", "mbsync");
  if (way === "tunnel") return `Tunnel ${doubleQuoted(shellLine(account.tunnelCommands.imap))}`;
  const version = program?.version;
  // 1.5 takes the old name as well, so that is what an unknown version gets.
  const tls = version !== undefined && isAtLeast(version, "1.5") ? "TLSType" : "SSLType";
  const ca = caFile === undefined ? "" : `CertificateFile ${doubleQuoted(caFile)}\n`;
  return `Host ${host}
Port ${port}
User ${doubleQuoted(account.user)}
${tls} ${security === "tls" ? "IMAPS" : "STARTTLS"}
${ca}AuthMechs ${neededMechanism(account, "imap", "mbsync", ["XOAUTH2", "OAUTHBEARER"])}
PassCmd ${doubleQuoted(shellLine(account.tokenCommand))}`;
}

function sections(account: MailAccount, way: Way, request: RenderRequest): string {
  const { label } = account;
  const maildir = accountMaildir(request.home, label);
  return `
IMAPAccount ${label}
${connection(account, way, request)}

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
