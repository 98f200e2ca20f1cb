/**
 * imapfilter: rules in Lua for the mail on the server. The accounts are in a table of ours, for the user's rules, which come after it.
 *
 * imapfilter sends the whole SASL string as it is given, always as XOAUTH2.
 */
import { isAbsolute, join } from "node:path";
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { neededTlsServer } from "./needed.ts";
import { doubleQuoted } from "./quoting.ts";
import type { MailAccount, Recipe, RenderRequest } from "./recipe.ts";

/** An empty string would make imapfilter wait for a password that nobody types. */
const LOGIN = `mailkey = {}
do
  local function token(command)
    local pipe = assert(io.popen(command))
    local line = pipe:read("*l")
    pipe:close()
    if line == nil or line == "" then error("no token from: " .. command, 0) end
    return line
  end
`;

export const imapfilter: Recipe = {
  name: "imapfilter",
  title: "imapfilter",
  summary: "filters mail on the server by your rules",
  capabilities: ["fetch"],
  needsMailkey: true,
  executables: ["imapfilter"],
  versionArgs: ["-V"],
  versionPattern: /^IMAPFilter (\d+(?:\.\d+)+)/m,
  render(request) {
    const { accounts, caFile } = request;
    const [first] = accounts;
    const path = configFile(request);
    return {
      edits: [
        { kind: "block", path, comment: "--", place: "start", text: `${LOGIN}${accounts.map(login).join("")}end\n` },
      ],
      notes: [
        `Your rules, in ${path} below the block, begin like this: mailkey["${first.label}"].INBOX:is_unseen()`,
        "It asks for the token once, when it starts: let cron run it now and then, not as a daemon.",
        ...(caFile === undefined ? [] : [`Run it with mailkey's authorities: imapfilter -t ${shellLine([caFile])}`]),
      ],
    };
  },
  sources: [
    "https://github.com/lefcha/imapfilter",
    "https://manpages.debian.org/bookworm/imapfilter/imapfilter_config.5.en.html",
  ],
};

function configFile({ home, env }: RenderRequest): string {
  const own = env["IMAPFILTER_HOME"];
  return join(own !== undefined && isAbsolute(own) ? own : join(home, ".imapfilter"), "config.lua");
}

function login(account: MailAccount): string {
  const { host, port } = neededTlsServer(account, "imap", "imapfilter");
  return `  mailkey[${doubleQuoted(account.label)}] = IMAP {
    server = ${doubleQuoted(host)},
    port = ${port},
    ssl = "auto",
    username = ${doubleQuoted(account.user)},
    oauth2 = token(${doubleQuoted(saslCommand(account))}),
  }
`;
}

/** @throws ERR_UNSUPPORTED where the string that mailkey would print is not XOAUTH2's */
function saslCommand({ address, mechanisms, tokenCommand }: MailAccount): string {
  const [preferred = "XOAUTH2"] = mechanisms.imap ?? [];
  if (preferred !== "XOAUTH2") {
    throw new MailkeyError("ERR_UNSUPPORTED", `imapfilter knows XOAUTH2 only, and ${address} logs in by ${preferred}`, {
      hint: "mailkey setup mbsync",
    });
  }
  const [mailkey, command = "token", ...rest] = tokenCommand;
  return shellLine([mailkey, command, "--format=sasl", ...rest]);
}
