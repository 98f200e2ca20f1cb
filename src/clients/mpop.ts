/**
 * mpop, msmtp's sister: POP3 into a Maildir. It would remove from the server what it has fetched; here it keeps it. When the helper prints
 * nothing it stops before it connects (exit 78).
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { maildirFolders, ownMaildir } from "./maildir.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest, Rendering } from "./recipe.ts";
import { findSections } from "./sections.ts";

const NAME = "mpop";

export const mpop: Recipe = {
  name: NAME,
  title: NAME,
  summary: "downloads mail by POP3 into a Maildir",
  capabilities: ["fetch"],
  executables: [NAME],
  versionArgs: ["--version"],
  versionPattern: /mpop version (\S+)/,
  render,
  sources: ["https://marlam.de/mpop/mpop.html"],
};

function render(request: RenderRequest): Rendering {
  const { accounts, home, env } = request;
  const usual = join(home, ".mpoprc");
  const modern = join(configHome(env), "mpop", "config");
  // mpop reads the first of these that is there.
  const path = request.read(usual) === undefined && request.read(modern) !== undefined ? modern : usual;
  return {
    edits: [
      { kind: "block", path, comment: "#", text: accounts.map((account) => section(account, request)).join("\n") },
    ],
    folders: [uidlFolder(home), ...accounts.flatMap(({ label }) => maildirFolders(inbox(home, label)))],
    handMade: findHandMade(request.read(path) ?? "", path, accounts),
    notes: [
      `Fetch: mpop ${accounts.map(({ label }) => label).join(" ")}`,
      "It fetches the INBOX and leaves it on the server. What mpop --debug shows has the token in it.",
    ],
  };
}

function section(account: MailAccount, { home, caFile }: RenderRequest): string {
  const { label, user, tokenCommand } = account;
  const { host, port, security } = neededServer(account, "pop", NAME);
  const mechanism = neededMechanism(account, "pop", NAME, ["XOAUTH2", "OAUTHBEARER"]);
  // Quotes around an argument are taken off, and what is between them is left alone, further quotes included.
  return `account ${label}
host ${host}
port ${port}
tls on
tls_starttls ${security === "starttls" ? "on" : "off"}
tls_certcheck on
tls_trust_file ${caFile === undefined ? "system" : `"${caFile}"`}
auth ${mechanism.toLowerCase()}
user "${user}"
passwordeval "${shellLine(tokenCommand)}"
keep on
uidls_file ${join(uidlFolder(home), label)}
delivery maildir ${inbox(home, label)}
`;
}

/** An account for the same server and user, or one that has our name. */
function findHandMade(own: string, path: string, accounts: readonly MailAccount[]): HandMade[] {
  return findSections(own, ["account", "defaults"]).flatMap(({ keyword, name, line, values }) => {
    if (keyword !== "account") return [];
    const account = accounts.find(({ label, user, servers }) => {
      if (name.split(":")[0]?.trim() === label) return true;
      return values.get("host")?.toLowerCase() === servers.pop?.host.toLowerCase() && values.get("user") === user;
    });
    return account === undefined ? [] : [{ path, line, address: account.address }];
  });
}

/** Which messages it has seen. By default it would make the file's name from the user's, slashes included. */
function uidlFolder(home: string): string {
  return join(home, ".mpop_uidls");
}

function inbox(home: string, label: string): string {
  return join(ownMaildir(home, label, NAME), "INBOX");
}
