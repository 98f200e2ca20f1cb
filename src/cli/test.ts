/** `mailkey test`: logs in to the mail servers as a mail program would, and says what they say. */
import { loadConfig } from "../accounts/config.ts";
import { hintOptions } from "../accounts/hint-options.ts";
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { LoginReport } from "../mail/report.ts";
import { testMailbox } from "../mail/test-mailbox.ts";
import { trustedCertificates } from "../platform/certificates.ts";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { getToken } from "../tokens/get-token.ts";
import { defineCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { outcomeOf } from "./exit.ts";
import { loginReportJson, loginReportText } from "./login-report.ts";
import { tokenPorts } from "./ports.ts";
import { tokenFromAgent } from "./token-from-agent.ts";
import { writeStaleWarning } from "./problem.ts";
import { shellWord } from "../platform/shell.ts";
import { jsonText } from "../platform/text.ts";

/** Exchange takes its time over the first login of a new client. */
const LOGIN_TIMEOUT_MS = 30_000;

const PROTOCOLS = ["imap", "pop", "smtp"] as const satisfies readonly Protocol[];

export const test = defineCommand({
  name: "test",
  summary: "log in to the mail servers with a token",
  description: `Logs in to the account's IMAP, POP3 and SMTP servers with the mechanism that each offers, tries one harmless command after the
login (some servers say no only then), and prints what the server says and, when something is wrong, what to do about it. No message
is read, sent or changed.

The exit status is 69 when a login fails. A protocol that you do not use may be switched off for the mailbox: name those that you use.`,
  args: [{ name: "ADDRESS", summary: "the account; may be left out when there is only one", required: false }],
  options: {
    imap: { type: "boolean", summary: "test IMAP" },
    pop: { type: "boolean", summary: "test POP3" },
    smtp: { type: "boolean", summary: "test SMTP; without any of the three, all that the account has" },
    force: { type: "boolean", short: "f", summary: "with a token renewed for the occasion" },
    json: { type: "boolean", summary: "print a JSON array" },
  },
  examples: [
    { line: "mailkey test you@hotmail.com", meaning: "all servers" },
    { line: "mailkey test you@hotmail.com --imap --smtp", meaning: "those that mbsync and msmtp use" },
  ],
  async run({ values, args, context }) {
    const account = await loadAccount(context.paths, args[0]);
    const servers = chooseServers(
      account,
      PROTOCOLS.filter((protocol) => values[protocol] === true),
    );
    const about = hintOptions(account);
    const style = { colour: context.terminal.colourOut, columns: context.terminal.columns };
    const reports: LoginReport[] = [];
    for await (const report of logins(context, account, servers, values.force === true)) {
      reports.push(report);
      if (values.json !== true) context.stdout(loginReportText(report, about, style));
    }
    if (values.json === true) {
      context.stdout(
        `${jsonText(
          reports.map((report) => loginReportJson(report, about)),
          2,
        )}\n`,
      );
    }
    if (context.signal.aborted) throw new MailkeyError("ERR_INTERRUPTED", "interrupted");
    return reports.every(({ ok }) => ok) ? 0 : outcomeOf("ERR_MAIL_LOGIN").status;
  },
});

type Servers = { readonly [P in Protocol]?: MailServer };

/** @throws ERR_UNSUPPORTED when there is no server of a protocol that was asked for, or none at all */
function chooseServers({ account, provider }: ResolvedAccount, wanted: readonly Protocol[]): Servers {
  const { servers } = provider;
  const missing = wanted.find((protocol) => servers[protocol] === undefined);
  if (missing !== undefined) {
    throw new MailkeyError("ERR_UNSUPPORTED", `${provider.name} has no ${missing.toUpperCase()} server`, {
      hint: `mailkey show ${shellWord(account.address)}`,
    });
  }
  const chosen = Object.fromEntries(
    (wanted.length === 0 ? PROTOCOLS : wanted)
      .map((protocol) => [protocol, servers[protocol]] as const)
      .filter(([, server]) => server !== undefined),
  ) as Servers;
  if (Object.keys(chosen).length === 0) {
    throw new MailkeyError("ERR_UNSUPPORTED", `no mail servers are known for ${account.address}`, {
      hint: `mailkey show ${shellWord(account.address)}`,
    });
  }
  return chosen;
}

/** One token serves all protocols: the default resource is the one that mail is for. */
async function* logins(
  context: Context,
  account: ResolvedAccount,
  servers: Servers,
  force: boolean,
): AsyncIterable<LoginReport> {
  const config = loadConfig(context.paths, context.env);
  const certificates = trustedCertificates(context.env, config.caFile);
  const answer =
    (await tokenFromAgent(context, config, account.address, { force }, false)) ??
    (await getToken(tokenPorts(context, config), account, { force }));
  if (answer.warning !== undefined) await writeStaleWarning(context, answer.warning);
  yield* testMailbox(
    {
      servers,
      mechanisms: account.provider.mechanisms,
      user: account.user,
      certificates,
      timeoutMs: LOGIN_TIMEOUT_MS,
      signal: context.signal,
    },
    () => Promise.resolve(answer.token.value),
  );
}
