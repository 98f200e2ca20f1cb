/**
 * Why a login failed, in plain words, and what to do about it. A table: the first row that fits is the hint.
 *
 * Servers' words are looked at here to explain, never to decide. `ADDRESS` stands for the account's address.
 */
import type { LoginFailure, LoginProblem, LoginStage, MailProtocol, ServerAddress } from "./report.ts";

interface Row {
  readonly protocols?: readonly MailProtocol[];
  readonly stages?: readonly LoginStage[];
  readonly reasons?: readonly LoginProblem[];
  /** The beginning of the provider's id: `microsoft` stands for all of its clouds. */
  readonly provider?: string;
  readonly security?: ServerAddress["security"];
  readonly ports?: readonly number[];
  /** In the server's words, or the status of its challenge. */
  readonly words?: RegExp;
  readonly hint: string;
  readonly sources: readonly string[];
}

const EXO =
  "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth";
const GOOGLE_XOAUTH2 = "https://developers.google.com/gmail/imap/xoauth2-protocol";
const FAIREMAIL_FAQ = "https://github.com/M66B/FairEmail/blob/e23dd9d/FAQ.md";

const ROWS: readonly Row[] = [
  // Exchange and Outlook.com
  {
    words: /5\.7\.139.*SmtpClientAuthentication is disabled/i,
    hint: "SMTP is switched off for the organisation or the mailbox; signing in again changes nothing. An administrator can run: Set-CASMailbox -Identity ADDRESS -SmtpClientAuthenticationDisabled $false",
    sources: [
      "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission",
      "https://github.com/simonrob/email-oauth2-proxy/issues/193",
    ],
  },
  {
    words: /authenticated but not connected/i,
    provider: "microsoft-personal",
    hint: "the token is good, the mailbox is not open to it: allow IMAP and POP in the settings of Outlook.com (off on new accounts), and use the primary address, not an alias; if another person signed in: mailkey login ADDRESS",
    sources: [FAIREMAIL_FAQ, "https://github.com/postalsys/imapflow/issues/307"],
  },
  {
    words: /authenticated but not connected/i,
    hint: "the token is good, the mailbox is not open to it: another person signed in, the user name is an alias, or an administrator has switched IMAP off; mailkey login ADDRESS signs in again",
    sources: [EXO, "https://github.com/simonrob/email-oauth2-proxy/issues/275"],
  },
  {
    words: /Token will expire soon/i,
    hint: "the server wants a token that lasts ten minutes more: mailkey test ADDRESS --force",
    sources: ["https://github.com/tarickb/sasl-xoauth2/issues/98"],
  },
  {
    words: /Command Error\. 1[0-9]/i,
    provider: "microsoft",
    hint: "the token has expired or was withdrawn: mailkey test ADDRESS --force",
    sources: [FAIREMAIL_FAQ],
  },
  {
    words: /^432 4\.3\.2/,
    hint: "too many programs are sending through this mailbox at once (3 are allowed): try again in a minute",
    sources: ["https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements"],
  },
  {
    protocols: ["smtp"],
    words: /5\.7\.3\b/,
    provider: "microsoft",
    hint: "the user name is not the token's, or the server is not the account's (personal: smtp-mail.outlook.com, work: smtp.office365.com), or SMTP is switched off for the mailbox; mailkey show ADDRESS tells what is set",
    sources: [EXO],
  },
  {
    stages: ["authentication"],
    reasons: ["refused"],
    provider: "microsoft",
    hint: "the user name is not the token's, or the protocol is switched off for the mailbox, or the token is for something else (Graph, for instance); mailkey login ADDRESS signs in again",
    sources: [EXO],
  },

  // Google, Yahoo and Dovecot, which explain themselves
  {
    words: /too many simultaneous connections/i,
    hint: "too many programs are connected (Gmail allows 15): close some, or wait",
    sources: ["https://support.google.com/mail/answer/7126229"],
  },
  {
    words: /\[LIMIT\]|rate limit/i,
    hint: "there were too many logins in a short time: wait, and let programs check less often",
    sources: [FAIREMAIL_FAQ],
  },
  {
    stages: ["authentication"],
    reasons: ["refused"],
    provider: "google",
    hint: "the user name is not the token's, or the sign-in did not include mail (it needs the scope https://mail.google.com/): mailkey login ADDRESS",
    sources: [GOOGLE_XOAUTH2],
  },
  {
    stages: ["authentication"],
    words: /^invalid_token$/,
    hint: "the server does not accept the token: it has ended, was withdrawn, or is for something else; mailkey test ADDRESS --force tries a new one, mailkey login ADDRESS signs in again",
    sources: ["https://www.rfc-editor.org/rfc/rfc7628#section-3.2.2"],
  },
  {
    protocols: ["smtp"],
    stages: ["authentication"],
    words: /^4[0-9][0-9] /,
    hint: "the server has a passing trouble with logins: try again later",
    sources: ["https://www.rfc-editor.org/rfc/rfc4954#section-6"],
  },
  {
    stages: ["authentication"],
    reasons: ["refused"],
    hint: "the user name is not the token's, or the token is not for this server: mailkey login ADDRESS signs in again",
    sources: ["https://www.rfc-editor.org/rfc/rfc7628#section-3.2.2"],
  },
  {
    stages: ["capabilities"],
    reasons: ["no-mechanism"],
    hint: "this server takes no OAuth2 tokens: is it the provider's? mailkey show ADDRESS tells what is set",
    sources: ["https://www.rfc-editor.org/rfc/rfc7628#section-4"],
  },

  // The way to the server
  {
    reasons: ["starttls-injection", "preauthenticated"],
    hint: "somebody on the way may be meddling with the connection: do not use mail on this network",
    sources: ["https://nvd.nist.gov/vuln/detail/CVE-2011-0411", "https://www.rfc-editor.org/rfc/rfc9051#section-11.1"],
  },
  {
    stages: ["tls"],
    reasons: ["tls-failed", "closed", "timeout"],
    security: "tls",
    ports: [25, 110, 143, 587],
    hint: 'TLS starts later on this port: security = "starttls" in the account\'s file (mailkey show ADDRESS tells where it is)',
    sources: ["https://www.rfc-editor.org/rfc/rfc8314#section-3"],
  },
  {
    stages: ["greeting"],
    reasons: ["timeout", "closed", "protocol"],
    security: "starttls",
    ports: [465, 993, 995],
    hint: 'TLS starts at once on this port: security = "tls" in the account\'s file (mailkey show ADDRESS tells where it is)',
    sources: ["https://www.rfc-editor.org/rfc/rfc8314#section-3"],
  },
  {
    reasons: ["certificate"],
    hint: "the host name may be wrong, or something between here and there (a virus scanner, a company's proxy) opens TLS: add its authority with network.ca_file in config.toml, if you trust it",
    sources: ["https://www.rfc-editor.org/rfc/rfc7817"],
  },
  {
    stages: ["tls"],
    reasons: ["tls-failed", "starttls-refused"],
    hint: "the server does not offer the TLS that mailkey insists on: check host, port and security with mailkey show ADDRESS",
    sources: ["https://www.rfc-editor.org/rfc/rfc8997"],
  },
  {
    stages: ["connect"],
    reasons: ["unreachable", "timeout"],
    protocols: ["smtp"],
    ports: [25],
    hint: "most networks block port 25: use 587 (starttls) or 465 (tls)",
    sources: ["https://www.rfc-editor.org/rfc/rfc8314#section-3.3"],
  },
  {
    stages: ["connect", "tls"],
    reasons: ["unreachable", "timeout"],
    hint: "is the network up, and does it let mail through? Host and port: mailkey show ADDRESS",
    sources: ["https://www.rfc-editor.org/rfc/rfc8314#section-3"],
  },
  {
    reasons: ["closed", "timeout"],
    hint: "the server is busy or has had enough for now: try again later",
    sources: ["https://www.rfc-editor.org/rfc/rfc9051#section-7.1.5"],
  },
];

export interface HintOptions {
  readonly providerId: string;
  /** Put in the place of `ADDRESS`. */
  readonly address?: string | undefined;
}

/** What to do about a failed login, as a sentence; undefined when nothing is known to help. */
export function hintFor(report: LoginFailure, { providerId, address }: HintOptions): string | undefined {
  const row = ROWS.find((candidate) => fits(candidate, report, providerId));
  return address === undefined ? row?.hint : row?.hint.replaceAll("ADDRESS", () => address);
}

function fits(row: Row, report: LoginFailure, providerId: string): boolean {
  const { protocol, stage, reason, server, said = "", challenge } = report;
  return (
    (row.protocols?.includes(protocol) ?? true) &&
    (row.stages?.includes(stage) ?? true) &&
    (row.reasons?.includes(reason) ?? true) &&
    (row.security === undefined || row.security === server.security) &&
    (row.ports?.includes(server.port) ?? true) &&
    (row.provider === undefined || providerId === row.provider || providerId.startsWith(`${row.provider}-`)) &&
    (row.words === undefined || row.words.test(said) || row.words.test(challenge?.status ?? ""))
  );
}
