/**
 * himalaya: mail on the command line. From its documentation: Debian 12 does not have it.
 *
 * Version 2 leaves tokens to other programs. Version 1 signs in by itself, but takes the access token from a command as well; it wants to be
 * told a client and endpoints all the same, and does not use them while the token is good.
 */
import { join } from "node:path";
import { configHome } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { neededMechanism, neededServer, neededVersion } from "./needed.ts";
import type { HandMade, MailAccount, Recipe, Rendering, RenderRequest } from "./recipe.ts";
import { isAtLeast } from "./version.ts";

const OLDEST = "1.0.0";
/** Version 1 refuses a configuration without endpoints. No server can have this name (RFC 2606). */
const UNUSED_URL = "https://mailkey.invalid/";

export const himalaya: Recipe = {
  name: "himalaya",
  title: "himalaya",
  summary: "reads mail on the server, and sends, one command at a time",
  capabilities: ["fetch", "send"],
  executables: ["himalaya"],
  versionArgs: ["--version"],
  versionPattern: /himalaya v?(\d+(?:\.\d+)+)/,
  oldestVersion: OLDEST,
  render(request) {
    neededVersion(request, "himalaya", OLDEST);
    const path = join(configHome(request.env), "himalaya", "config.toml");
    const own = request.read(path) ?? "";
    const isSecond = isAtLeast(request.program?.version, "2.0.0");
    const hasDefault = /^\s*default\s*=\s*true\b/m.test(own);
    const text = request.accounts
      .map((account, index) => table(account, request, { isSecond, isDefault: index === 0 && !hasDefault }))
      .join("\n");
    return {
      edits: [{ kind: "block", path, comment: "#", text }],
      handMade: findHandMade(own, path, request.accounts),
      notes: notes(request, isSecond),
    };
  },
  sources: [
    "https://github.com/pimalaya/himalaya#outlook",
    "https://github.com/pimalaya/himalaya/blob/v1.2.0/config.sample.toml",
    "https://github.com/pimalaya/himalaya/issues/521",
  ],
};

function notes({ caFile }: RenderRequest, isSecond: boolean): Rendering["notes"] {
  return [
    "This follows himalaya's documentation, and was not tried with the program.",
    ...(isSecond ? [] : ['himalaya 1 has to be built with its feature "oauth2": himalaya --version says +oauth2.']),
    ...(isSecond || caFile === undefined
      ? []
      : [`himalaya 1 trusts the system's authorities: add ${caFile} to them, or use himalaya 2.`]),
  ];
}

interface Options {
  readonly isSecond: boolean;
  readonly isDefault: boolean;
}

function table(account: MailAccount, request: RenderRequest, { isSecond, isDefault }: Options): string {
  const { smtp } = account.servers;
  const imap = neededServer(account, "imap", "himalaya");
  const server = isSecond ? secondServer : firstServer;
  const lines = [
    `[accounts.${account.label}]`,
    `email = ${string(account.address)}`,
    ...(isDefault ? ["default = true"] : []),
    ...server(account, "imap", imap, request.caFile),
    ...(smtp === undefined ? [] : server(account, "smtp", smtp, request.caFile)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** The command is a list: no shell is in between. */
function secondServer(
  account: MailAccount,
  protocol: Protocol,
  server: MailServer,
  caFile: string | undefined,
): string[] {
  const { host, port, security } = server;
  const sasl = `${protocol}.sasl.${mechanismOf(account, protocol)}`;
  return [
    `${protocol}.server = ${string(`${protocol}${security === "tls" ? "s" : ""}://${host}:${port}`)}`,
    ...(security === "starttls" ? [`${protocol}.starttls = true`] : []),
    ...(caFile === undefined ? [] : [`${protocol}.tls.cert = ${string(caFile)}`]),
    `${sasl}.username = ${string(account.user)}`,
    `${sasl}.token.command = [${account.tokenCommand.map(string).join(", ")}]`,
  ];
}

function firstServer(account: MailAccount, protocol: Protocol, { host, port, security }: MailServer): string[] {
  const prefix = protocol === "smtp" ? "message.send.backend" : "backend";
  return [
    `${prefix}.type = ${string(protocol)}`,
    `${prefix}.host = ${string(host)}`,
    `${prefix}.port = ${port}`,
    `${prefix}.encryption.type = ${string(security === "tls" ? "tls" : "start-tls")}`,
    `${prefix}.login = ${string(account.user)}`,
    `${prefix}.auth.type = "oauth2"`,
    `${prefix}.auth.method = ${string(mechanismOf(account, protocol))}`,
    `${prefix}.auth.client-id = "mailkey"`,
    `${prefix}.auth.auth-url = ${string(UNUSED_URL)}`,
    `${prefix}.auth.token-url = ${string(UNUSED_URL)}`,
    `${prefix}.auth.access-token.cmd = ${string(shellLine(account.tokenCommand))}`,
  ];
}

function mechanismOf(account: MailAccount, protocol: Protocol): string {
  return neededMechanism(account, protocol, "himalaya", ["XOAUTH2", "OAUTHBEARER"]).toLowerCase();
}

/** A basic string: what JSON escapes, TOML reads in the same way, but for one sign. */
function string(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

/** A table of our name, or one for this mailbox. */
function findHandMade(own: string, path: string, accounts: readonly MailAccount[]): HandMade[] {
  const found = new Map<number, HandMade>();
  let line = 0;
  for (const [index, text] of own.split("\n").entries()) {
    const name = /^\s*\[accounts\.["']?([^"'\]]+)["']?\]/.exec(text)?.[1];
    if (name !== undefined) line = index + 1;
    const email = /^\s*email\s*=\s*["']([^"']*)["']/.exec(text)?.[1]?.toLowerCase();
    const account = accounts.find(({ label, address }) => label === name || address.toLowerCase() === email);
    if (account !== undefined && line > 0) found.set(line, { path, line, address: account.address });
  }
  return [...found.values()];
}
