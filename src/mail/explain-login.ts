/**
 * Which explanation a failed login deserves. A table: the first row that fits.
 *
 * Servers' words are looked at here to explain, never to decide.
 */
import { entryOf } from "../explain/catalogue.ts";
import type { Entry } from "../explain/entry.ts";
import { fillEntry, stepText } from "../explain/fill.ts";
import { isSaidIn } from "../explain/match.ts";
import { isPassingReply } from "./response-code.ts";
import type { LoginFailure, LoginProblem, LoginStage, MailProtocol, ServerAddress } from "./report.ts";

/** Where nobody signs in: how the token came instead. @see RFC 6749 4.4, RFC 7523 2.1 */
export type Unattended = "client_credentials" | "service_account";

interface Row {
  readonly protocols?: readonly MailProtocol[];
  readonly stages?: readonly LoginStage[];
  readonly reasons?: readonly LoginProblem[];
  /** The beginning of the provider's id: `microsoft` stands for all of its clouds. */
  readonly provider?: string;
  /** Fits only where nobody signs in: signing in again is no remedy there. */
  readonly unattended?: Unattended;
  /** Fits only where somebody else's sign-in opens the mailbox: the mailbox itself has none that could be renewed. */
  readonly shared?: true;
  readonly security?: ServerAddress["security"];
  readonly ports?: readonly number[];
  /** The server says that it passes by itself. */
  readonly passing?: true;
  /** The explanation's own words have to be the server's, or the status of its challenge. */
  readonly said?: true;
  /** Which explanation it is. */
  readonly explanation: string;
}

const ROWS: readonly Row[] = [
  // What passes, whoever logs in where
  { said: true, explanation: "too-many-senders" },
  { said: true, explanation: "too-many-connections" },
  { said: true, explanation: "too-many-logins" },
  // A mailbox that nobody has opened to an application: Dovecot takes that for something that passes
  { reasons: ["refused"], provider: "microsoft", unattended: "client_credentials", explanation: "application-refused" },
  { stages: ["authentication"], reasons: ["refused"], passing: true, explanation: "login-trouble" },

  // Exchange and Outlook.com
  { said: true, explanation: "smtp-auth-disabled" },
  { said: true, explanation: "not-connected" },
  { said: true, explanation: "token-expires-soon" },
  { said: true, provider: "microsoft", explanation: "outlook-command-error" },
  { said: true, protocols: ["smtp"], provider: "microsoft", explanation: "exchange-smtp-refused" },
  { stages: ["authentication"], reasons: ["refused"], shared: true, explanation: "share-refused" },
  { stages: ["authentication"], reasons: ["refused"], provider: "microsoft", explanation: "exchange-refused" },

  // Google, Yahoo and Dovecot, which explain themselves
  {
    stages: ["authentication"],
    reasons: ["refused"],
    provider: "google",
    unattended: "service_account",
    explanation: "service-account-refused",
  },
  { stages: ["authentication"], reasons: ["refused"], provider: "google", explanation: "google-refused" },
  { said: true, stages: ["authentication"], explanation: "invalid_token" },
  { stages: ["authentication"], reasons: ["refused"], explanation: "authentication-failed" },
  { stages: ["capabilities"], reasons: ["no-mechanism"], explanation: "no-mechanism" },

  // The way to the server
  { reasons: ["starttls-injection", "preauthenticated"], explanation: "meddling" },
  {
    stages: ["tls"],
    reasons: ["tls-failed", "closed", "timeout"],
    security: "tls",
    ports: [25, 110, 143, 587],
    explanation: "tls-starts-later",
  },
  {
    stages: ["greeting"],
    reasons: ["timeout", "closed", "protocol"],
    security: "starttls",
    ports: [465, 993, 995],
    explanation: "tls-starts-at-once",
  },
  { reasons: ["certificate"], explanation: "certificate" },
  { stages: ["tls"], reasons: ["tls-failed", "starttls-refused"], explanation: "tls-version" },
  {
    stages: ["connect"],
    reasons: ["unreachable", "timeout"],
    protocols: ["smtp"],
    ports: [25],
    explanation: "port-25",
  },
  { stages: ["connect", "tls"], reasons: ["unreachable", "timeout"], explanation: "unreachable" },
  { reasons: ["closed", "timeout"], explanation: "server-busy" },
];

export interface HintOptions {
  readonly providerId: string;
  /** Put in the place of `ADDRESS`. */
  readonly address?: string | undefined;
  /** Undefined when a person signed in. */
  readonly unattended?: Unattended | undefined;
  /** Somebody else's sign-in opens the mailbox. */
  readonly shared?: boolean;
}

/** What is known about a failed login, with the account's values in it; undefined when nothing is. */
export function explanationOf(report: LoginFailure, about: HintOptions): Entry | undefined {
  const row = ROWS.find((candidate) => fits(candidate, report, about));
  if (row === undefined) return undefined;
  const { address } = about;
  const { host } = report.server;
  return fillEntry(entryOf(row.explanation), { address, imapHost: host, smtpHost: host });
}

/** The same in lines: why, and what to do about it. */
export function hintLines(report: LoginFailure, about: HintOptions): string[] {
  const entry = explanationOf(report, about);
  if (entry === undefined) return [];
  // The test itself is what has just been done.
  const steps = entry.steps.filter(({ type = "" }) => !type.startsWith("mailkey test ") || type.endsWith("--force"));
  return [entry.why, ...steps.map(stepText)];
}

/** The same as one sentence; undefined when nothing is known. */
export function hintFor(report: LoginFailure, about: HintOptions): string | undefined {
  const lines = hintLines(report, about);
  return lines.length === 0 ? undefined : lines.join("; ");
}

function fits(row: Row, report: LoginFailure, { providerId, unattended, shared }: HintOptions): boolean {
  const { protocol, stage, reason, server, said = "", challenge } = report;
  return (
    (row.protocols?.includes(protocol) ?? true) &&
    (row.stages?.includes(stage) ?? true) &&
    (row.reasons?.includes(reason) ?? true) &&
    (row.unattended === undefined || row.unattended === unattended) &&
    (row.shared === undefined || shared === true) &&
    (row.security === undefined || row.security === server.security) &&
    (row.ports?.includes(server.port) ?? true) &&
    (row.provider === undefined || providerId === row.provider || providerId.startsWith(`${row.provider}-`)) &&
    (row.passing === undefined || isPassingReply(protocol, said)) &&
    (row.said === undefined || isSaidIn(entryOf(row.explanation), `${said}\n${challenge?.status ?? ""}`))
  );
}
