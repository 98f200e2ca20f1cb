/**
 * OfflineIMAP. It has no option for a command; what it evaluates is Python, so a small class runs the command, each time that
 * OfflineIMAP logs in: with `autorefresh` it runs for days and would otherwise keep the token that it began with.
 *
 * By `preauthtunnel` mailkey takes the place of the connection, and no Python is needed.
 *
 * Its `[general]` section can be there only once and lists all accounts, so a block cannot join a file that has one: then mailkey's
 * accounts get a file of their own, to be named with `-c`.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { ownMaildir } from "./maildir.ts";
import { neededMechanism, neededServer, neededTlsServer } from "./needed.ts";
import { pythonString } from "./quoting.ts";
import type { MailAccount, Recipe, RenderRequest, Rendering } from "./recipe.ts";

const NAME = "OfflineIMAP";

/** `strip` is what OfflineIMAP calls when it starts; `%s` then asks for the text at each login. Its errors have to be of one text. */
const PYTHON = `import subprocess


class MailkeyToken:
    """Stands for the access token: runs the command whenever OfflineIMAP logs in."""

    def __init__(self, *command):
        self.command = command

    def strip(self, *_):
        return self

    def __str__(self):
        answer = subprocess.run(self.command, stdout=subprocess.PIPE, text=True, check=False)
        if answer.returncode != 0:
            raise RuntimeError("there is no access token: run '%s'" % " ".join(self.command))
        return answer.stdout.strip()
`;

export const offlineimap: Recipe = {
  name: "offlineimap",
  title: NAME,
  summary: "keeps Maildirs and an IMAP mailbox in step",
  capabilities: ["fetch"],
  executables: ["offlineimap"],
  versionArgs: ["--version"],
  versionPattern: /^(\d+\.\d+\S*)/,
  ways: ["token", "tunnel"],
  render,
  sources: [
    "https://github.com/OfflineIMAP/offlineimap3/blob/master/offlineimap.conf",
    "https://github.com/OfflineIMAP/offlineimap3/blob/master/offlineimap/imapserver.py",
  ],
};

function render(request: RenderRequest): Rendering {
  const { accounts, home, env, way = "token" } = request;
  const byToken = way === "token";
  const folder = join(configHome(env), "offlineimap");
  const usual = [join(folder, "config"), join(home, ".offlineimaprc")] as const;
  const isTaken = usual.some((path) => request.read(path) !== undefined);
  const path = isTaken ? join(folder, "mailkey.conf") : usual[1];
  const pythonFile = join(folder, "mailkey.py");
  const general = `[general]
accounts = ${accounts.map(({ label }) => label).join(", ")}
${byToken ? `pythonfile = ${value(pythonFile)}\n` : ""}`;
  return {
    edits: [
      {
        kind: "file",
        path,
        comment: "#",
        text: general + accounts.map((account) => section(account, request)).join(""),
      },
      ...(byToken ? [{ kind: "file", path: pythonFile, comment: "#", text: PYTHON } as const] : []),
    ],
    way,
    notes: [
      isTaken ? `Fetch:\n    ${shellLine(["offlineimap", "-c", path])}` : "Fetch: offlineimap",
      ...accounts.map(({ label }) => `Mail goes to ${ownMaildir(home, label, "offlineimap")}, deletions go both ways.`),
      ...(byToken ? ["What offlineimap -d imap shows has the token in it."] : []),
    ],
  };
}

function section(account: MailAccount, request: RenderRequest): string {
  const { label } = account;
  return `
[Account ${label}]
localrepository = ${label}-local
remoterepository = ${label}-remote

[Repository ${label}-local]
type = Maildir
localfolders = ${value(ownMaildir(request.home, label, "offlineimap"))}

[Repository ${label}-remote]
type = IMAP
${request.way === "tunnel" ? tunnel(account) : login(account, request)}`;
}

function tunnel(account: MailAccount): string {
  neededServer(account, "imap", NAME);
  return `preauthtunnel = ${value(shellLine(account.tunnelCommands.imap))}\n`;
}

function login(account: MailAccount, { caFile }: RenderRequest): string {
  const { user, tokenCommand } = account;
  const { host, port } = neededTlsServer(account, "imap", NAME);
  neededMechanism(account, "imap", NAME, ["XOAUTH2"]);
  return `remotehost = ${host}
remoteport = ${port}
ssl = yes
sslcacertfile = ${caFile === undefined ? "OS-DEFAULT" : value(caFile)}
remoteuser = ${value(user)}
auth_mechanisms = XOAUTH2
oauth2_access_token_eval = ${value(`MailkeyToken(${tokenCommand.map(pythonString).join(", ")})`)}
`;
}

/** A value of Python's configparser, which takes `%` for the beginning of a reference. */
function value(text: string): string {
  return text.replaceAll("%", "%%");
}
