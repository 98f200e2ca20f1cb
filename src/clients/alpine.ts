/**
 * alpine: it signs in by itself, as a client that the user has to register, at the few servers that it knows by name, and asks no other
 * program for a token. So it logs in to mailkey's proxy. It writes its own file whenever it likes, so what goes there is told, not written.
 */
import { neededProxyPort, proxySteps, type ProxyPort } from "./by-proxy.ts";
import { neededServer } from "./needed.ts";
import { MailkeyError } from "../errors.ts";
import type { MailAccount, Recipe, RenderRequest } from "./recipe.ts";

const NAME = "alpine";

export const alpine: Recipe = {
  name: NAME,
  title: NAME,
  summary: "reads mail on the server and sends, by mailkey's proxy",
  capabilities: ["fetch", "send"],
  executables: [NAME],
  versionArgs: ["-v"],
  versionPattern: /^Alpine (\d+(?:\.\d+)+)/m,
  ways: ["proxy"],
  render(request) {
    const { accounts } = request;
    return {
      edits: [],
      way: "proxy",
      notes: [
        `Lines for ~/.pinerc, while alpine does not run (or in its menu: S, C):\n${settings(request).join("\n")}`,
        ...proxySteps(accounts, NAME),
        "alpine asks for the password when it starts, and once more when it first sends.",
      ],
    };
  },
  sources: [
    "http://alpine.x10host.com/alpine/alpine-info/misc/xoauth2.html",
    "https://alpineapp.email/alpine/alpine-info/misc/config-notes.html",
  ],
};

function settings({ accounts, proxy }: RenderRequest): string[] {
  const imap = neededProxyPort(proxy, "imap", NAME);
  const [first, ...others] = accounts.map((account) => ({ account, inbox: inboxOf(account, imap) }));
  const senders = accounts.filter(({ servers }) => servers.smtp !== undefined);
  const smtp = senders.map((account) => serverName(account, neededProxyPort(proxy, "smtp", NAME)));
  return [
    `    inbox-path=${first?.inbox ?? ""}`,
    ...(others.length === 0
      ? []
      : [
          `    incoming-folders=${others.map(({ account, inbox }) => `${account.label} ${inbox}`).join(",\n        ")}`,
        ]),
    ...(smtp.length === 0 ? [] : [`    smtp-server=${smtp.join(",")}`]),
  ];
}

function inboxOf(account: MailAccount, port: ProxyPort): string {
  neededServer(account, "imap", NAME);
  return `{${serverName(account, port)}}INBOX`;
}

/**
 * Without `notls` it would ask about the proxy's certificate, which no authority has signed.
 *
 * @throws ERR_UNSUPPORTED for a name that alpine would take for something else
 */
function serverName({ address }: MailAccount, { host, port, security }: ProxyPort): string {
  if (!/^[A-Za-z0-9@._+-]+$/.test(address))
    throw new MailkeyError("ERR_UNSUPPORTED", `alpine cannot log in as ${address}`, { hint: "mailkey setup mutt" });
  const name = host.includes(":") ? `[${host}]` : host;
  return `${name}:${port}/user=${address}${security === "tls" ? "/ssl/novalidate-cert" : "/notls"}`;
}
