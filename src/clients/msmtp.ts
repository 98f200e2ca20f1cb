/**
 * msmtp: sends, in sendmail's place, for programs that know nothing of tokens.
 *
 * It reads a value to the end of the line and takes off a pair of quotes around it; inside, nothing means anything.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { findSections } from "./sections.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest } from "./recipe.ts";

export const msmtp: Recipe = {
  name: "msmtp",
  title: "msmtp",
  summary: "sends mail, and stands in for sendmail",
  capabilities: ["send"],
  executables: ["msmtp"],
  versionArgs: ["--version"],
  versionPattern: /msmtp version (\d+(?:\.\d+)+)/,
  render(request) {
    const { accounts, program, caFile } = request;
    const path = configFile(request);
    const own = request.read(path) ?? "";
    const [first] = accounts;
    const isDefaultFree = !/^\s*account\s+default\b/m.test(own);
    const text = [
      ...accounts.map((account) => section(account, request)),
      ...(isDefaultFree ? [`account default : ${first.label}\n`] : []),
    ].join("\n");
    const msmtpPath = program?.path ?? "/usr/bin/msmtp";
    return {
      edits: [{ kind: "block", path, comment: "#", text }],
      handMade: findHandMade(own, path, accounts),
      notes: [
        `Try it:\n    echo hello | msmtp -a ${first.label} ${shellLine([first.address])}`,
        `For programs that want a sendmail:\n    ${shellLine([msmtpPath])} --read-envelope-from -t`,
        ...(isDefaultFree ? [] : ["Your own default account stays the default."]),
        ...(caFile === undefined
          ? []
          : [`msmtp trusts ${caFile} (network.ca_file), and no other authorities beside it.`]),
        '"Permission denied", "cannot read output"? See: mailkey doctor',
      ],
    };
  },
  sources: ["https://marlam.de/msmtp/msmtp.html", "https://bugs.launchpad.net/ubuntu/+source/msmtp"],
};

/** A file in the home folder goes before the one in the XDG folder. */
function configFile({ home, env, read }: RenderRequest): string {
  const old = join(home, ".msmtprc");
  const recent = join(configHome(env), "msmtp", "config");
  return read(old) === undefined && read(recent) !== undefined ? recent : old;
}

/** All that a `defaults` section of the user's could have set otherwise is said. */
function section(account: MailAccount, request: RenderRequest): string {
  const { address, user, label, tokenCommand } = account;
  const smtp = neededServer(account, "smtp", "msmtp");
  const mechanism = neededMechanism(account, "smtp", "msmtp", ["XOAUTH2", "OAUTHBEARER"]);
  return `account ${label}
host ${smtp.host}
port ${smtp.port}
from "${address}"
tls on
tls_starttls ${smtp.security === "starttls" ? "on" : "off"}
tls_certcheck on
tls_fingerprint
${request.caFile === undefined ? "" : `tls_trust_file "${request.caFile}"\n`}auth ${mechanism.toLowerCase()}
user "${user}"
passwordeval "${shellLine(tokenCommand)}"
`;
}

/** An account for the same server and sender or user, or one that has our name. */
function findHandMade(own: string, path: string, accounts: readonly MailAccount[]): HandMade[] {
  return findSections(own, ["account", "defaults"]).flatMap(({ keyword, name, line, values }) => {
    if (keyword !== "account") return [];
    const account = accounts.find(({ label, address, user, servers }) => {
      if (name.split(":")[0]?.trim() === label) return true;
      const isSameHost = values.get("host")?.toLowerCase() === servers.smtp?.host.toLowerCase();
      return isSameHost && (values.get("from") === address || values.get("user") === user);
    });
    return account === undefined ? [] : { path, line, address: account.address };
  });
}
