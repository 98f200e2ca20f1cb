/**
 * What mutt and neomutt are told: one language, and the same settings under the same names. Both read each other's files, so nothing is
 * written that only one of them knows.
 *
 * With several accounts, the first is what opens. Hooks give each account its own command (`account-hook`, whenever its server is asked)
 * and its own sender (`folder-hook`, when one of its folders is opened).
 */
import { shellLine } from "../platform/shell.ts";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { assignments, quoted, type Settings } from "./mutt-settings.ts";
import { severalTunnels, tunnelLines } from "./mutt-tunnel.ts";
import { neededMechanism, neededServer } from "./needed.ts";
import { addrSpec } from "./quoting.ts";
import type { MailAccount, Rendering, RenderRequest } from "./recipe.ts";

/** The settings that a user may have made before. */
const OURS = [
  "from",
  "folder",
  "spoolfile",
  "spool_file",
  "imap_authenticators",
  "imap_oauth_refresh_command",
  "smtp_url",
  "smtp_authenticators",
  "smtp_oauth_refresh_command",
];

export interface MuttLike {
  readonly program: "mutt" | "neomutt";
  /** The file that it reads. */
  readonly path: string;
  /** What it says when it got no token: the command's own words are overwritten at once. */
  readonly complaint: string;
  /** The same of a tunnel. */
  readonly tunnelComplaint: string;
}

/** @throws ERR_UNSUPPORTED when an account has no IMAP server */
export function renderMuttrc(
  request: RenderRequest,
  { program, path, complaint, tunnelComplaint }: MuttLike,
): Rendering {
  const { accounts, way = "token" } = request;
  const [first] = accounts;
  const byToken = way === "token";
  const caFile = byToken ? request.caFile : undefined; // mailkey knows it
  const lines = [
    ...(byToken ? tokenLines(first, program) : tunnelLines(first, accounts, program)),
    'set spoolfile = "+INBOX"',
    "set ssl_starttls = yes",
    "set ssl_force_tls = yes",
    // Beside the system's authorities, whatever library the program is built with; ssl_ca_certificates_file is GnuTLS's, and replaces them.
    ...(caFile === undefined ? [] : [`set certificate_file = ${quoted(caFile)}`]),
    ...(accounts.length === 1 ? [] : (byToken ? severalAccounts : severalTunnels)(accounts, program)),
  ];
  return {
    edits: [{ kind: "block", path, comment: "#", text: lines.map((line) => `${line}\n`).join("") }],
    way,
    notes: [
      ...overridden(request.read(path) ?? "", path),
      ...accounts
        .filter(({ servers }) => servers.smtp === undefined)
        .map(({ address }) => `${address} has no SMTP server: ${program} sends its mail by sendmail.`),
      ...(caFile === undefined
        ? []
        : [
            `${program} trusts ${caFile} (network.ca_file), and would save there a certificate that you accept by hand.`,
          ]),
      `When ${program} says "${byToken ? complaint : tunnelComplaint}", this says why: mailkey doctor`,
    ],
  };
}

function tokenLines(account: MailAccount, program: string): string[] {
  return assignments([...connection(account, program), ...sender(account, program)]);
}

/** What logging in to an account's IMAP server takes. */
function connection(account: MailAccount, program: string): Settings {
  return [
    ["imap_authenticators", mechanism(account, "imap", program)],
    ["imap_oauth_refresh_command", shellLine(account.tokenCommand)],
  ];
}

/** Who writes, and how it is sent. */
function sender(account: MailAccount, program: string): Settings {
  const { smtp } = account.servers;
  return [
    ["from", addrSpec(account.address)],
    ["folder", imapUrl(account, program)],
    ["smtp_url", smtp === undefined ? undefined : url(smtp.security === "tls" ? "smtps" : "smtp", account.user, smtp)],
    ...(smtp === undefined
      ? []
      : ([
          ["smtp_authenticators", mechanism(account, "smtp", program)],
          ["smtp_oauth_refresh_command", shellLine(account.tokenCommand)],
        ] as const)),
  ];
}

function mechanism(account: MailAccount, protocol: Protocol, program: string): string {
  return neededMechanism(account, protocol, program, ["XOAUTH2", "OAUTHBEARER"]).toLowerCase();
}

/** Hooks come before `mailboxes`, which makes neomutt log in at once. */
function severalAccounts(accounts: readonly MailAccount[], program: string): string[] {
  const hooks = accounts.flatMap((account) => {
    const pattern = quoted(folderPattern(account, program));
    return [
      `account-hook ${pattern} ${quoted(assignments(connection(account, program)).join("; "))}`,
      `folder-hook ${pattern} ${quoted(assignments(sender(account, program)).join("; "))}`,
    ];
  });
  const inboxes = accounts.map((account) => quoted(`${imapUrl(account, program)}INBOX`));
  return [...hooks, `mailboxes ${inboxes.join(" ")}`];
}

function imapUrl(account: MailAccount, program: string): string {
  const server = neededServer(account, "imap", program);
  return url(imapScheme(server), account.user, server);
}

function imapScheme({ security }: MailServer): string {
  return security === "tls" ? "imaps" : "imap";
}

function url(scheme: string, user: string, { host, port }: MailServer): string {
  return `${scheme}://${encodeURIComponent(user)}@${host}:${port}/`;
}

/**
 * A regular expression for the account's folders, as the programs name them after they have read the URL: they decode `%40`, and may leave
 * out the usual port. Not anchored: a `^` at the start is a mailbox shortcut.
 */
function folderPattern(account: MailAccount, program: string): string {
  const server = neededServer(account, "imap", program);
  const user = account.user.replace(/[^A-Za-z0-9_-]/gu, (sign) => {
    if (sign > "\u007f") return ".+"; // in whatever encoding
    return `(${sign === "^" ? "\\^" : `[${sign}]`}|%..)`; // brackets: a backslash before some signs has a meaning of its own
  });
  const host = server.host.replaceAll(".", "[.]");
  return `${imapScheme(server)}://${user}@${host}(:${server.port})?/`;
}

/** What the user should know of the settings that the file has already. */
function overridden(own: string, path: string): string[] {
  const lines = own.split("\n").filter((line) => !/^\s*#/.test(line));
  const plain = settingsIn(lines.filter((line) => !isHook(line)));
  const inHooks = settingsIn(lines.filter(isHook));
  const hasPassword = lines.some((line) => /\b(imap|smtp)_pass\s*=/.test(line));
  return [
    ...(plain.length === 0
      ? []
      : [`${path} sets ${plain.join(", ")} as well. The lines of mailkey come later, and count.`]),
    ...(inHooks.length === 0 ? [] : [`Your own hooks in ${path} set ${inHooks.join(", ")}, and count when they run.`]),
    ...(hasPassword
      ? ['An account with a password needs "unset imap_authenticators smtp_authenticators" in an account-hook.']
      : []),
  ];
}

function isHook(line: string): boolean {
  return /^\s*\S*-hook\s/.test(line);
}

function settingsIn(lines: readonly string[]): string[] {
  return OURS.filter((name) => lines.some((line) => new RegExp(`(^|[\\s"';])${name}\\s*=`).test(line)));
}
