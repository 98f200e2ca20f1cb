/** The check of one protocol's login, the same for all three: one more command after the login, because some servers say no only then. */
import { isMailkeyError } from "../errors.ts";
import { stepText } from "../explain/fill.ts";
import { explanationOf } from "../mail/explain-login.ts";
import type { LoginFailure, LoginProblem, LoginReport } from "../mail/report.ts";
import { testLogin } from "../mail/test-login.ts";
import { identityOf, isIdentityOf } from "../oauth/identity.ts";
import { trustedCertificates } from "../platform/certificates.ts";
import type { Protocol } from "../providers/provider.ts";
import type { AccountCheck, AccountSubject, Finding, FreshToken, Severity } from "./check.ts";
import { claimsOf } from "./jwt.ts";
import { lookUpProblem, QUESTION_MS } from "./network.ts";
import { editAccount, editConfig, mailkeyLine, signInLine } from "./remedies.ts";
import { portProblem, wrongHost } from "./servers.ts";
import { tokenAudience } from "./checks/token-audience.ts";
import { missingScopes } from "./checks/token-scopes.ts";

const NAMES = { imap: "IMAP", pop: "POP3", smtp: "SMTP" } as const;
const USES = { imap: "nothing can be fetched", pop: "nothing can be fetched by POP3", smtp: "nothing can be sent" };

/** Nobody needs POP3 where there is IMAP, and many switch it off. */
function severityOf(protocol: Protocol, { account }: AccountSubject): Severity {
  return protocol === "pop" && account.provider.servers.imap !== undefined ? "warning" : "error";
}

export function loginCheck(protocol: Protocol, worst: Severity = "error"): AccountCheck {
  return {
    of: "account",
    id: `${protocol}-login`,
    title: `login to the ${NAMES[protocol]} server`,
    worst,
    async examine(subject) {
      const token = await subject.token();
      if (token === undefined) return [];
      const report = await tryLogin(subject, protocol, token);
      if (report === undefined || report.ok || report.reason === "aborted") return [];
      return (await isKnownOtherwise(subject, report)) ? [] : [findingOf(subject, report, token)];
    },
  };
}

/** Undefined where there is no such server, or its name is unknown, or `network.ca_file` cannot be read: others report that. */
async function tryLogin(
  { machine, account }: AccountSubject,
  protocol: Protocol,
  token: FreshToken,
): Promise<LoginReport | undefined> {
  const { servers, mechanisms } = account.provider;
  const server = servers[protocol];
  if (server === undefined || (await lookUpProblem(server.host, machine.signal)) !== undefined) return undefined;
  const [first = "XOAUTH2", ...others] = mechanisms[protocol] ?? ["XOAUTH2", "OAUTHBEARER"];
  try {
    const certificates = trustedCertificates(machine.env, machine.config.caFile);
    const request = { protocol, server, token: token.value, user: account.user, certificates };
    return await testLogin({
      ...request,
      mechanisms: [first, ...others],
      timeoutMs: QUESTION_MS,
      signal: machine.signal,
    });
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}

/** Whether another check has the cause of it. */
async function isKnownOtherwise(subject: AccountSubject, { protocol, reason, server }: LoginFailure): Promise<boolean> {
  if (reason === "refused") {
    const missing = await missingScopes(subject);
    if (missing.some((scope) => scope.protocol === protocol)) return true;
    return (await tokenAudience.examine(subject)).some(({ severity }) => severity === "error");
  }
  return portProblem(server.port, server.security) !== undefined;
}

function findingOf(subject: AccountSubject, report: LoginFailure, token: FreshToken): Finding {
  const { address, login, credential, provider, grant } = subject.account;
  const { protocol, server, message, said } = report;
  const unattended = grant === "sign_in" ? undefined : grant;
  const entry = explanationOf(report, { providerId: provider.id, address, unattended, shared: credential !== address });
  const stranger = report.reason === "refused" ? strangerIn(subject, token) : undefined;
  const means = [
    `With ${address}, ${USES[protocol]}${entry === undefined ? "" : `: ${entry.why}`}.`,
    ...(stranger === undefined ? [] : [`The token belongs to ${stranger}, and ${login} should have signed in.`]),
  ];
  // What can be typed here is the remedy's.
  const steps = entry?.steps.filter(({ type, in: where }) => type === undefined || where !== undefined) ?? [];
  return {
    severity: severityOf(protocol, subject),
    seen: `${NAMES[protocol]} ${server.host}:${server.port}: ${message}${said === undefined ? "" : `: “${said}”`}`,
    means: means.join(" "),
    remedy: remedyFor(subject, report),
    ...(steps.length === 0 ? {} : { advice: steps.map((step) => sentence(stepText(step))).join(" ") }),
    ...(entry === undefined ? {} : { sources: entry.sources }),
  };
}

/** What can be typed; words for the rest are the hint's. An administrator's switch is nobody's to type here. */
function remedyFor(subject: AccountSubject, { protocol, reason, said = "", stage, server }: LoginFailure): string[] {
  const { address, credential, provider } = subject.account;
  if (/5\.7\.139|\b432 4\.3\.2|too many|\[LIMIT\]/i.test(said)) return [];
  if (wrongHost(provider.id, server.host) !== undefined) return [editAccount(subject)];
  const again = mailkeyLine("test", address, `--${protocol}`, "--force");
  const byReason: Readonly<Record<LoginProblem, readonly string[]>> = {
    refused:
      credential !== address ? [again] : stage === "after-login" ? [signInLine(subject)] : [signInLine(subject), again],
    certificate: [editConfig(subject.machine)],
    "no-mechanism": [editAccount(subject)],
    "tls-failed": [editAccount(subject)],
    "starttls-refused": [editAccount(subject)],
    unreachable: [editAccount(subject), again],
    timeout: [again],
    closed: [again],
    protocol: [editAccount(subject)],
    aborted: [],
    preauthenticated: [],
    "starttls-injection": [],
  };
  return [...byReason[reason]];
}

/** Who signed in, when the token tells and it is not who should have. Only a hint: some tenants have two names for everybody. */
function strangerIn({ account }: AccountSubject, token: FreshToken): string | undefined {
  const identity = identityOf(claimsOf(token.value));
  return identity === undefined || isIdentityOf(identity, account.login) ? undefined : identity.addresses[0];
}

function sentence(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
}
