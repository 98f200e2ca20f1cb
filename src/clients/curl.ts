/**
 * curl, for scripts of the user's own: a small script for each account and protocol that gets a token and runs curl with it. The token goes
 * in through a file descriptor: on the command line every user of the machine could read it.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine, shellWord } from "../platform/shell.ts";
import type { Protocol } from "../providers/provider.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import type { FileEdit, MailAccount, Recipe, RenderRequest, Rendering } from "./recipe.ts";

const NAME = "curl";
const PROTOCOLS = ["imap", "pop", "smtp"] as const;
/** What to add so that something comes of it. */
const EXAMPLES: Readonly<Record<Protocol, string>> = {
  imap: "-X 'STATUS INBOX (MESSAGES UNSEEN)'",
  pop: "",
  smtp: "--mail-rcpt SOMEBODY -T - <MESSAGE-FILE",
};

export const curl: Recipe = {
  name: NAME,
  title: NAME,
  summary: "scripts that look into a mailbox or send through it",
  capabilities: ["fetch", "send"],
  executables: [NAME],
  versionArgs: ["--version"],
  versionPattern: /^curl (\d+(?:\.\d+)+)/,
  render,
  sources: ["https://curl.se/docs/manpage.html#--oauth2-bearer", "https://curl.se/docs/manpage.html#-K"],
};

function render(request: RenderRequest): Rendering {
  const { accounts } = request;
  return {
    edits: accounts.flatMap((account) => protocolsOf(account).map((protocol) => script(account, protocol, request))),
    notes: [...accounts.map((account) => commandLines(account, request)), "What curl -v shows has the token in it."],
  };
}

function protocolsOf({ servers }: MailAccount): Protocol[] {
  return PROTOCOLS.filter((protocol) => servers[protocol] !== undefined);
}

function commandLines(account: MailAccount, request: RenderRequest): string {
  const lines = protocolsOf(account).map((protocol) =>
    `    ${shellLine(["sh", scriptPath(account, protocol, request)])} ${EXAMPLES[protocol]}`.trimEnd(),
  );
  return [`For ${account.address}:`, ...lines].join("\n");
}

/** The colon after the user's name keeps curl from asking for a password. */
function script(account: MailAccount, protocol: Protocol, request: RenderRequest): FileEdit {
  const { host, port, security } = neededServer(account, protocol, NAME);
  const mechanism = neededMechanism(account, protocol, NAME, ["XOAUTH2", "OAUTHBEARER"]);
  const scheme = `${protocol === "pop" ? "pop3" : protocol}${security === "tls" ? "s" : ""}`;
  const options = [
    ["--url", `${scheme}://${host}:${port}/${protocol === "imap" ? "INBOX" : ""}`],
    ["--ssl-reqd"], // no TLS, no login
    ["--user", `${account.user}:`],
    ["--login-options", `AUTH=${mechanism}`],
    ...(protocol === "smtp" ? [["--mail-from", account.address]] : []),
    ...(request.caFile === undefined ? [] : [["--cacert", request.caFile]]),
  ];
  const text = `token=$(${shellLine(account.tokenCommand)}) || exit
exec ${shellWord(request.program?.path ?? NAME)} --silent --show-error -K /dev/fd/3 \\
${options.map((words) => `  ${shellLine(words)} \\\n`).join("")}  "$@" 3<<END
oauth2-bearer = "$token"
END
`;
  return { kind: "file", path: scriptPath(account, protocol, request), comment: "#", text };
}

function scriptPath({ label }: MailAccount, protocol: Protocol, { env }: RenderRequest): string {
  return join(configHome(env), "curl-mailkey", `${label}-${protocol}`);
}
