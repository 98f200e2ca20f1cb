/** The test logins after a sign-in: one for reading, one for sending, each with a command after the login. */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { testLogin } from "../mail/login.ts";
import type { LoginReport } from "../mail/report.ts";
import { trustedCertificates } from "../platform/certificates.ts";
import type { Secret } from "../platform/secret.ts";
import type { Protocol } from "../providers/provider.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import type { Context } from "./context.ts";
import { tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

/** Exchange takes its time over the first login of a new client. */
const LOGIN_TIMEOUT_MS = 30_000;

/** IMAP (or POP3, where there is no IMAP) and SMTP, at once. */
export function tryMailbox(
  context: Context,
  ports: TokenPorts,
  account: ResolvedAccount,
  token: Secret,
): Promise<LoginReport[]> {
  const { servers, mechanisms } = account.provider;
  const reading: Protocol = servers.imap === undefined ? "pop" : "imap";
  const certificates = trustedCertificates(context.env, ports.config.caFile);
  const logins = ([reading, "smtp"] as const).flatMap((protocol) => {
    const server = servers[protocol];
    if (server === undefined) return [];
    const [first = "XOAUTH2", ...rest] = mechanisms[protocol] ?? [];
    return testLogin({
      protocol,
      server,
      user: account.user,
      token,
      mechanisms: [first, ...rest],
      certificates,
      timeoutMs: LOGIN_TIMEOUT_MS,
      signal: context.signal,
    });
  });
  return Promise.all(logins);
}

/** Whether a server heard the token and said no to it: the sign of the wrong person, or of a mailbox that is not open. */
export function isRefusedEverywhere(reports: readonly LoginReport[]): boolean {
  return reports.length > 0 && reports.every((report) => !report.ok && report.reason === "refused");
}

/** A line for each server, and below it why it does not work. */
export function reportText(reports: readonly LoginReport[], context: Context): string {
  const { terminal } = context;
  return reports
    .map((report) => {
      const { protocol, server, ok } = report;
      const where = `${protocol.toUpperCase().padEnd(4)} ${server.host}:${server.port}`;
      const verdict = tinted({ text: ok ? "works" : "does not work", tone: ok ? "good" : "bad" }, terminal.colourErr);
      const reason = report.ok
        ? []
        : [report.message, ...(report.said === undefined ? [] : [`it says: ${report.said}`])];
      return `${where}  ${verdict}\n${reason.map((line) => `${wrapText(`     ${line}`, terminal.columns)}\n`).join("")}`;
    })
    .join("");
}

export function reportJson(reports: readonly LoginReport[]): unknown {
  return reports.map((report) => ({
    protocol: report.protocol,
    ...report.server,
    ok: report.ok,
    mechanism: report.mechanism ?? null,
    problem: report.ok ? null : report.reason,
    message: report.ok ? null : report.message,
    said: report.said ?? null,
  }));
}
