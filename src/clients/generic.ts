/** Any other program: what to tell it, by token, by tunnel and by proxy. Changes no file. */
import { shellLine } from "../platform/shell.ts";
import type { Protocol } from "../providers/provider.ts";
import { proxyPort, proxySteps } from "./by-proxy.ts";
import type { MailAccount, Recipe, Rendering, RenderRequest } from "./recipe.ts";

const NAMES: Readonly<Record<Protocol, string>> = { imap: "IMAP", pop: "POP3", smtp: "SMTP" };
const PROTOCOLS = Object.keys(NAMES) as Protocol[];

export const generic: Recipe = {
  name: "generic",
  title: "any other program",
  summary: "what to enter in a program that has no recipe",
  capabilities: ["fetch", "send"],
  executables: [],
  ways: ["token", "tunnel", "proxy"],
  render: (request): Rendering => ({
    edits: [],
    notes: request.way === undefined ? byEachWay(request) : DESCRIBE[request.way](request),
  }),
  sources: ["https://developers.google.com/gmail/imap/xoauth2-protocol", "https://www.rfc-editor.org/rfc/rfc7628"],
};

const DESCRIBE = { token: byToken, tunnel: byTunnel, proxy: byProxy } as const;

function byEachWay(request: RenderRequest): string[] {
  return [...byToken(request), "", ...byTunnel(request), "", ...byProxy(request)];
}

function byToken({ accounts }: RenderRequest): string[] {
  return [
    "A program that knows XOAUTH2 or OAUTHBEARER, and runs a command for its password:",
    ...accounts.flatMap(describeAccount),
    "The command prints an access token and a newline, or nothing and fails.",
  ];
}

function describeAccount({ servers, mechanisms, user, tokenCommand }: MailAccount): string[] {
  const lines = PROTOCOLS.flatMap((protocol) => {
    const server = servers[protocol];
    if (server === undefined) return [];
    const { host, port, security } = server;
    const how = (mechanisms[protocol] ?? ["XOAUTH2"]).join(" or ");
    return [`${NAMES[protocol]}: ${host}, port ${port}, ${security === "tls" ? "TLS" : "STARTTLS"}, ${how}`];
  });
  return [
    ...lines,
    `User: ${user}`,
    `Password command:\n    ${shellLine(tokenCommand)}`,
    `The same as a list:\n    ${JSON.stringify(tokenCommand)}`,
  ];
}

function byTunnel({ accounts }: RenderRequest): string[] {
  return [
    "A program that runs a command in the place of a connection, and needs no password then:",
    ...accounts.flatMap(({ servers, tunnelCommands }) =>
      PROTOCOLS.filter((protocol) => servers[protocol] !== undefined).map(
        (protocol) => `${NAMES[protocol]}, logged in already:\n    ${shellLine(tunnelCommands[protocol])}`,
      ),
    ),
  ];
}

function byProxy({ accounts, proxy }: RenderRequest): string[] {
  return [
    "A program that knows nothing but passwords, or a library:",
    ...PROTOCOLS.flatMap((protocol) => {
      const plain = proxyPort(proxy, protocol, "none");
      const tls = proxyPort(proxy, protocol, "tls");
      const found = [
        ...(plain === undefined ? [] : [`port ${plain.port} without TLS or with STARTTLS`]),
        ...(tls === undefined ? [] : [`port ${tls.port} with TLS`]),
      ];
      const host = plain?.host ?? tls?.host;
      return host === undefined ? [] : [`${NAMES[protocol]}: ${host}, ${found.join(", ")}`];
    }),
    ...accounts.map(({ address }) => `User: ${address}`),
    ...proxySteps(accounts, undefined),
    "For TLS it needs a certificate, and the program has to trust that:\n    mailkey proxy cert",
  ];
}
