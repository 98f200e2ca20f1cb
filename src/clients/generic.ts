/** Any other program that asks a command for its password: what to tell it. Changes no file. */
import { shellLine } from "../platform/shell.ts";
import type { Protocol } from "../providers/provider.ts";
import type { MailAccount, Recipe, Rendering } from "./recipe.ts";

const NAMES: Readonly<Record<Protocol, string>> = { imap: "IMAP", pop: "POP3", smtp: "SMTP" };

export const generic: Recipe = {
  name: "generic",
  title: "any program with a password command",
  summary: "what to enter in a program that has no recipe",
  capabilities: ["fetch", "send"],
  executables: [],
  render: ({ accounts }): Rendering => ({
    edits: [],
    notes: [
      ...accounts.flatMap(describeAccount),
      "The command prints an access token and a newline, or nothing and fails.",
      "The program has to know XOAUTH2 or OAUTHBEARER: a token is not accepted as a password.",
    ],
  }),
  sources: ["https://developers.google.com/gmail/imap/xoauth2-protocol", "https://www.rfc-editor.org/rfc/rfc7628"],
};

function describeAccount({ servers, mechanisms, user, tokenCommand }: MailAccount): string[] {
  const lines = (Object.keys(NAMES) as Protocol[]).flatMap((protocol) => {
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
