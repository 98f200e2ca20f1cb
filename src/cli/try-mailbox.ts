/** The test logins after a sign-in: one for reading, one for sending, each with a command after the login. */
import { hintOptions } from "../accounts/hint-options.ts";
import type { ResolvedAccount } from "../accounts/resolve.ts";
import type { LoginReport } from "../mail/report.ts";
import { testMailbox } from "../mail/test-mailbox.ts";
import { trustedCertificates } from "../platform/certificates.ts";
import type { Secret } from "../platform/secret.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import type { Context } from "./context.ts";
import { loginReportJson, loginReportText } from "./login-report.ts";

/** Exchange takes its time over the first login of a new client. */
const LOGIN_TIMEOUT_MS = 30_000;

/** IMAP (or POP3, where there is no IMAP) and SMTP, at once; shown on standard error as they come, unless `json`. */
export async function tryMailbox(
  context: Context,
  ports: TokenPorts,
  account: ResolvedAccount,
  token: Secret,
  json: boolean,
): Promise<LoginReport[]> {
  const { servers, mechanisms } = account.provider;
  const { imap, pop, smtp } = servers;
  const reading = imap !== undefined ? { imap } : pop !== undefined ? { pop } : {};
  const reports: LoginReport[] = [];
  const tests = testMailbox(
    {
      servers: { ...reading, ...(smtp === undefined ? {} : { smtp }) },
      mechanisms,
      user: account.user,
      certificates: trustedCertificates(context.env, ports.config.caFile),
      timeoutMs: LOGIN_TIMEOUT_MS,
      signal: context.signal,
    },
    () => Promise.resolve(token),
  );
  const style = { colour: context.terminal.colourErr, columns: context.terminal.columns };
  for await (const report of tests) {
    reports.push(report);
    if (!json) context.stderr(loginReportText(report, hintOptions(account), style));
  }
  return reports;
}

/** Whether every server heard the token and said no to it: the sign of the wrong person, or of a mailbox that is not open. */
export function isRefusedEverywhere(reports: readonly LoginReport[]): boolean {
  return reports.length > 0 && reports.every((report) => !report.ok && report.reason === "refused");
}

export function reportsJson(reports: readonly LoginReport[], account: ResolvedAccount): unknown {
  return reports.map((report) => loginReportJson(report, hintOptions(account)));
}
