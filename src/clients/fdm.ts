/**
 * fdm: from 2.1 on it knows both mechanisms, and runs the command that its configuration has in `$(…)`; when that fails it says so and
 * stops. 1.9, which Debian 12 has, knows neither, but reads from a command in the place of a connection. A block can only add accounts:
 * what becomes of the mail is the user's own rules, but for a file that has none yet.
 */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { ownMaildir } from "./maildir.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import { doubleQuoted } from "./quoting.ts";
import type { MailAccount, Recipe, RenderRequest, Rendering } from "./recipe.ts";
import { isAtLeast } from "./version.ts";

const NAME = "fdm";
/** The first with tokens. */
const OLDEST = "2.1";

export const fdm: Recipe = {
  name: NAME,
  title: NAME,
  summary: "fetches by IMAP, filters and delivers",
  capabilities: ["fetch"],
  executables: [NAME],
  versionArgs: ["-nvv", "-f", "/dev/null"], // it tells its version only before it does something
  versionPattern: /fdm (\d+\.\d+\w*)/,
  ways: ["token", "tunnel"],
  render,
  sources: [
    "https://github.com/nicm/fdm/pull/84", // oauthbearer
    "https://github.com/nicm/fdm/issues/100", // xoauth2
    "https://github.com/nicm/fdm/issues/107", // both are in 2.1
  ],
};

function render(request: RenderRequest): Rendering {
  const { accounts, program, home } = request;
  const knowsTokens = isAtLeast(program?.version, OLDEST);
  const { way = knowsTokens ? "token" : "tunnel" } = request;
  if (way === "token" && !knowsTokens)
    throw new MailkeyError("ERR_UNSUPPORTED", `fdm ${program?.version} cannot use tokens, 2.1 and newer can`, {
      hint: "mailkey setup fdm --by tunnel",
    });
  const path = join(home, ".fdm.conf");
  const hasRules = /^\s*match\b/m.test(request.read(path) ?? "");
  const text = accounts.map(way === "tunnel" ? tunnel : section).join("");
  return {
    edits: [{ kind: "block", path, comment: "#", text: hasRules ? text : text + accounts.map(rule(home)).join("") }],
    way,
    notes: ["Fetch: fdm fetch", "Your own rules decide where the mail goes. It stays on the server."],
  };
}

/** `keep` and `new-only`: fdm would remove from the server what it has fetched. */
function section(account: MailAccount): string {
  const { host, port, security } = neededServer(account, "imap", NAME);
  const mechanism = neededMechanism(account, "imap", NAME, ["XOAUTH2", "OAUTHBEARER"]);
  const scheme = security === "tls" ? "imaps" : "imap";
  const starttls = security === "tls" ? "" : " starttls";
  return `account "${account.label}" ${scheme} server "${host}" port ${port}
  user ${doubleQuoted(account.user, "$%")} pass $(${command(account)})
  new-only${starttls} ${mechanism.toLowerCase()} keep
`;
}

function tunnel(account: MailAccount): string {
  neededServer(account, "imap", NAME);
  const line = shellLine(account.tunnelCommands.imap).replaceAll("%", "%%"); // tags, as in %a
  return `account "${account.label}" imap pipe ${doubleQuoted(line, "$")} new-only keep
`;
}

function rule(home: string): (account: MailAccount) => string {
  return ({ label }) => `action "${label}" maildir "${join(ownMaildir(home, label, NAME), "INBOX")}"
match account "${label}" action "${label}"
`;
}

/** @throws ERR_UNSUPPORTED where fdm would find the end of the command too early: it knows no quotes there */
function command({ address, tokenCommand }: MailAccount): string {
  if (tokenCommand.every((word) => shellLine([word]) === word)) return shellLine(tokenCommand);
  throw new MailkeyError("ERR_UNSUPPORTED", `fdm cannot run a command with ${address} in it`, {
    hint: "mailkey setup fdm --by tunnel",
  });
}
