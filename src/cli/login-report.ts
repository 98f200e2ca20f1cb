/** Reports of test logins, for people and for programs. */
import { explanationOf, hintFor, hintLines, type HintOptions } from "../mail/explain-login.ts";
import type { LoginReport } from "../mail/report.ts";
import { tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

export interface LoginReportStyle {
  readonly colour: boolean;
  readonly columns: number;
}

/** A line that says whether it works, and below it the server's words and what to do. Ends in a newline. */
export function loginReportText(report: LoginReport, about: HintOptions, style: LoginReportStyle): string {
  const { protocol, server, ok, mechanism, tlsVersion } = report;
  const verdict = tinted({ text: ok ? "works" : "does not work", tone: ok ? "good" : "bad" }, style.colour);
  const how = [mechanism, tlsVersion].filter((word) => word !== undefined).join(", ");
  const head = `${protocol.toUpperCase().padEnd(4)} ${server.host}:${server.port}  ${verdict}${how === "" ? "" : `  (${how})`}`;
  return [head, ...details(report, about).map((line) => wrapText(`     ${line}`, style.columns))]
    .map((line) => `${line}\n`)
    .join("");
}

/** The members are part of the command line's interface. */
export function loginReportJson(report: LoginReport, about: HintOptions): Record<string, unknown> {
  const { protocol, server, ok, mechanism, tlsVersion, said } = report;
  const common = {
    protocol,
    ...server,
    ok,
    mechanism: mechanism ?? null,
    tls_version: tlsVersion ?? null,
    said: said ?? null,
  };
  if (report.ok) return { ...common, greeting: report.greeting };
  const { stage, reason, message, challenge } = report;
  return {
    ...common,
    stage,
    problem: reason,
    message,
    challenge: challenge ?? null,
    hint: hintFor(report, about) ?? null,
    explanation: explanationOf(report, about)?.id ?? null,
  };
}

function details(report: LoginReport, about: HintOptions): string[] {
  const said = report.said === undefined || report.said === "" ? [] : [`it says: ${report.said}`];
  if (report.ok) return said;
  const { status, scope } = report.challenge ?? {};
  const explained =
    status === undefined ? [] : [`it explains: status ${status}${scope === undefined ? "" : `, scope ${scope}`}`];
  const [why, ...steps] = hintLines(report, about);
  const hints = why === undefined ? [] : [`why: ${why}`, ...steps.map((step) => `hint: ${step}`)];
  return [report.message, ...said, ...explained, ...hints];
}
