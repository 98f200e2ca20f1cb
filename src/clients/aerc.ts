/**
 * aerc: reads by IMAP and sends by SMTP.
 *
 * Its ini parser cuts a value at the first `#` or `;`, unless it is in backticks, and puts other keys' values in the place of `%(key)s`
 * even then.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import type { MailServer, Mechanism, Protocol } from "../providers/provider.ts";
import { neededMechanism, neededServer, neededVersion } from "./needed.ts";
import { addrSpec } from "./quoting.ts";
import type { HandMade, MailAccount, Recipe, RenderRequest } from "./recipe.ts";
import { isAtLeast } from "./version.ts";

/** The first with XOAUTH2 for IMAP and SMTP, and with tokens for SMTP that are asked for anew. */
const OLDEST = "0.13.0";
/** From here on `smtp://` is STARTTLS or nothing, and the setting for it is one that aerc warns of. */
const ALWAYS_STARTTLS = "0.15.0";

export const aerc: Recipe = {
  name: "aerc",
  title: "aerc",
  summary: "reads mail on the server, and sends",
  capabilities: ["fetch", "send"],
  executables: ["aerc"],
  versionArgs: ["-v"],
  versionPattern: /^aerc (\d+(?:\.\d+)+)/m,
  oldestVersion: OLDEST,
  render(request) {
    neededVersion(request, "aerc", OLDEST);
    const path = join(configHome(request.env), "aerc", "accounts.conf");
    return {
      edits: [
        { kind: "block", path, comment: "#", text: request.accounts.map((each) => section(each, request)).join("\n") },
      ],
      handMade: findHandMade(request.read(path) ?? "", path, request.accounts),
      notes: [
        "aerc asks for the token to read with once, when it starts. If it shows an authentication error an hour or more later, quit and start it again.",
        'When it does not start, "Invalid source credentials", this says why: mailkey doctor',
        ...(request.caFile === undefined
          ? []
          : [`Start it with mailkey's authorities:\n    SSL_CERT_FILE=${shellLine([request.caFile])} aerc`]),
      ],
    };
  },
  sources: [
    "https://man.sr.ht/~rjarry/aerc/",
    "https://git.sr.ht/~rjarry/aerc/tree/0.14.0/item/doc/aerc-imap.5.scd",
    "https://git.sr.ht/~rjarry/aerc/tree/0.14.0/item/config/accounts.go",
    "https://git.sr.ht/~rjarry/aerc/tree/master/item/CHANGELOG.md",
  ],
};

function section(account: MailAccount, { program }: RenderRequest): string {
  const { smtp } = account.servers;
  const imap = neededServer(account, "imap", "aerc");
  const command = commandValue(shellLine(account.tokenCommand));
  const lines = [
    `[${account.label}]`,
    `source = ${url(imap.security === "tls" ? "imaps" : "imap", mechanismOf(account, "imap"), account.user, imap)}`,
    `source-cred-cmd = ${command}`,
  ];
  if (smtp !== undefined) {
    lines.push(
      `outgoing = ${url(smtp.security === "tls" ? "smtps" : "smtp", mechanismOf(account, "smtp"), account.user, smtp)}`,
      `outgoing-cred-cmd = ${command}`,
      "outgoing-cred-cmd-cache = false",
    );
    if (smtp.security === "starttls" && !isAtLeast(program?.version, ALWAYS_STARTTLS))
      lines.push("smtp-starttls = yes");
  }
  lines.push(`from = ${value(`<${addrSpec(account.address)}>`.replaceAll("%(", "%\\("))}`, "default = INBOX");
  return lines.map((line) => `${line}\n`).join("");
}

function mechanismOf(account: MailAccount, protocol: Protocol): Mechanism {
  return neededMechanism(account, protocol, "aerc", ["XOAUTH2", "OAUTHBEARER"]);
}

function url(scheme: string, mechanism: Mechanism, user: string, { host, port }: MailServer): string {
  return `${scheme}+${mechanism.toLowerCase()}://${encodeURIComponent(user)}@${host}:${port}`;
}

/** A line for a shell as a value. */
export function commandValue(line: string): string {
  return value(line.replaceAll("%(", "%''("));
}

/** The last backtick of the line ends the value: those within it are part of it. */
function value(text: string): string {
  return /^[A-Za-z0-9</][A-Za-z0-9 @+=:,./_<>-]*$/.test(text) ? text : `\`${text}\``;
}

/** A section of the user's that reads this mailbox, or has our name. */
function findHandMade(own: string, path: string, accounts: readonly MailAccount[]): HandMade[] {
  const found = new Map<number, HandMade>();
  let line = 0;
  for (const [index, text] of own.split("\n").entries()) {
    const name = /^\s*\[(.*)\]\s*$/.exec(text)?.[1];
    if (name !== undefined) line = index + 1;
    const source = /^\s*source\s*=\s*[`"']*(\S+)/.exec(text)?.[1];
    const account = accounts.find((each) => each.label === name || (source !== undefined && isFor(each, source)));
    if (account !== undefined) found.set(line, { path, line, address: account.address });
  }
  return [...found.values()];
}

function isFor({ user, servers }: MailAccount, source: string): boolean {
  if (!URL.canParse(source)) return false;
  const { username, hostname } = new URL(source);
  return username === encodeURIComponent(user) && hostname.toLowerCase() === servers.imap?.host.toLowerCase();
}
