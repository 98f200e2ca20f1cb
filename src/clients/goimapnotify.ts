/**
 * goimapnotify: waits for new mail and has it fetched at once. From its documentation: Debian 12 does not have it.
 *
 * Its file is one list, in which no block can stand: mailkey's is a file beside it. JSON's strings are YAML's as well.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import type { MailAccount, Recipe } from "./recipe.ts";

export const goimapnotify: Recipe = {
  name: "goimapnotify",
  title: "goimapnotify",
  summary: "has mbsync fetch new mail the moment it arrives",
  capabilities: ["fetch"],
  buildsOn: ["mbsync"],
  executables: ["goimapnotify"],
  render({ accounts, env, caFile }) {
    const path = join(configHome(env), "goimapnotify", "mailkey.yaml");
    const run = `goimapnotify -conf ${shellLine([path])}`;
    return {
      edits: [{ kind: "file", path, comment: "#", text: `configurations:\n${accounts.map(watcher).join("")}` }],
      notes: [
        "This follows goimapnotify's documentation (2.4 and newer), and was not tried with the program.",
        `Start it: ${caFile === undefined ? "" : `SSL_CERT_FILE=${shellLine([caFile])} `}${run}`,
      ],
    };
  },
  sources: [
    "https://gitlab.com/shackra/goimapnotify/-/blob/master/README.md",
    "https://gitlab.com/shackra/goimapnotify/-/blob/master/config.go",
  ],
};

/** `rejectUnauthorized` is false where it is left out: any certificate would do. */
function watcher(account: MailAccount): string {
  const { host, port, security } = neededServer(account, "imap", "goimapnotify");
  neededMechanism(account, "imap", "goimapnotify", ["XOAUTH2", "OAUTHBEARER"]);
  return `  - alias: ${JSON.stringify(account.label)}
    host: ${JSON.stringify(host)}
    port: ${port}
    tls: true
    tlsOptions:
      rejectUnauthorized: true
      starttls: ${security === "starttls"}
    username: ${JSON.stringify(account.user)}
    passwordCMD: ${JSON.stringify(untouched(shellLine(account.tokenCommand)))}
    xoAuth2: true
    boxes:
      - mailbox: "INBOX"
        onNewMail: ${JSON.stringify(`mbsync ${account.label}`)}
        onNewMailPost: "SKIP"
`;
}

/** goimapnotify puts a folder's name in the place of `%s`, and newer ones expand `{{…}}`: two quotes between the signs keep them apart. */
function untouched(line: string): string {
  return line.replaceAll("%s", "%''s").replaceAll("{{", "{''{");
}
