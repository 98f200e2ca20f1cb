/**
 * fetchmail: no stable release can use tokens. 6.4 and 6.5 refuse the word `oauthbearer` in their configuration; 7, which knows it, has
 * been an alpha version for years and takes the token from a file only. But it can run a command in the place of a connection.
 *
 * It looks the server's name up even then, which is why that is this machine's.
 */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { neededServer } from "./needed.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest } from "./recipe.ts";

const NAME = "fetchmail";

export const fetchmail: Recipe = {
  name: NAME,
  title: NAME,
  summary: "hands what it fetches to this machine's own mail system",
  capabilities: ["fetch"],
  executables: [NAME],
  versionArgs: ["--version"],
  versionPattern: /fetchmail release (\d+(?:\.\d+)+)/,
  ways: ["tunnel"],
  render(request) {
    const { accounts, read } = request;
    const path = configFile(request);
    return {
      edits: [{ kind: "block", path, comment: "#", text: accounts.map(entry).join("") }],
      way: "tunnel",
      handMade: findHandMade(read(path) ?? "", path, accounts),
      notes: [
        "Fetch: fetchmail",
        "It hands new mail to the mail server of this machine, or to the mda of your own defaults at the top of the file. On the server the mail stays, marked as read.",
      ],
    };
  },
  sources: [
    "https://www.fetchmail.info/fetchmail-man.html",
    "https://build.opensuse.org/package/show/openSUSE:Slowroll/fetchmail", // the patches that 6.5.7 needs
  ],
};

function configFile({ home, env }: RenderRequest): string {
  const own = env["FETCHMAILHOME"];
  return own === undefined || own === "" ? join(home, ".fetchmailrc") : join(own, "fetchmailrc");
}

/** `ssh` is its word for a connection that is logged in; without `sslproto ""` it would want TLS inside of it. */
function entry(account: MailAccount): string {
  const protocol = account.servers.imap === undefined ? "pop" : "imap";
  neededServer(account, protocol, NAME);
  return `poll ${account.label} via localhost protocol ${protocol === "pop" ? "pop3" : "imap"}
  auth ssh plugin ${quoted(pluginLine(account, protocol))}
  user ${quoted(account.user)} sslproto "" keep
`;
}

/**
 * It parts the line at spaces and puts a host and a port in for `%h` and `%p`; it knows no quotes, and no shell sees it.
 *
 * @throws ERR_UNSUPPORTED where the command would become another one
 */
function pluginLine({ address, tunnelCommands }: MailAccount, protocol: "imap" | "pop"): string {
  const words = tunnelCommands[protocol];
  if (words.every((word) => !/\s|%[hp]/.test(word))) return words.join(" ");
  throw new MailkeyError("ERR_UNSUPPORTED", `fetchmail cannot run a command with ${address} in it`, {
    hint: "mailkey setup getmail",
  });
}

/** Everything but plain characters by its number: there is no other way to write a quote. */
function quoted(text: string): string {
  const escaped = Buffer.from(text)
    .toString("latin1")
    .replace(/[^A-Za-z0-9@%+=:,./_ -]/g, escape);
  return `"${escaped}"`;
}

function escape(sign: string): string {
  return `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** An entry with this user's name, whatever the server. */
function findHandMade(own: string, path: string, accounts: readonly MailAccount[]): HandMade[] {
  const lines = own.split("\n");
  return accounts.flatMap(({ address, user }) => {
    const line = lines.findIndex((each) => {
      const name = /^[^#]*\buser(?:name)?\s+(?:"([^"]*)"|'([^']*)'|([^\s,;:=]+))/.exec(each);
      return [name?.[1], name?.[2], name?.[3]].some((found) => found?.toLowerCase() === user.toLowerCase());
    });
    return line === -1 ? [] : [{ path, line: line + 1, address }];
  });
}
