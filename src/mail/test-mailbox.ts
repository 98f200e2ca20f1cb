/** Test logins to all servers of a mailbox. */
import type { Secret } from "../platform/secret.ts";
import type { MechanismName } from "../sasl/mechanism.ts";
import { testLogin } from "./test-login.ts";
import type { LoginReport, MailProtocol, ServerAddress } from "./report.ts";

export interface MailboxRequest {
  /** Those to test. */
  readonly servers: { readonly [P in MailProtocol]?: ServerAddress };
  /** By protocol, preferred first; both where nothing is said. */
  readonly mechanisms: { readonly [P in MailProtocol]?: readonly MechanismName[] };
  readonly user: string;
  readonly certificates?: readonly string[] | undefined;
  /** Milliseconds for each login. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The order of the reports. */
const PROTOCOLS = ["imap", "pop", "smtp"] as const;

/**
 * Logs in to all servers at once; reports come in a fixed order, each as soon as it and those before it are there. Stopping to
 * listen stops the logins.
 *
 * @param token asked once for each protocol, in order, before anything is connected
 * @throws what `token` throws
 */
export async function* testMailbox(
  request: MailboxRequest,
  token: (protocol: MailProtocol) => Promise<Secret>,
): AsyncIterable<LoginReport> {
  const stop = new AbortController();
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, request.signal]);
  const { user, certificates, timeoutMs } = request;
  const logins: { protocol: MailProtocol; server: ServerAddress; token: Secret }[] = [];
  for (const protocol of PROTOCOLS) {
    const server = request.servers[protocol];
    if (server !== undefined) logins.push({ protocol, server, token: await token(protocol) });
  }
  const reports = logins.map((login) => {
    const [first = "XOAUTH2", ...others] = request.mechanisms[login.protocol] ?? ["XOAUTH2", "OAUTHBEARER"];
    return testLogin({ ...login, user, mechanisms: [first, ...others], certificates, timeoutMs, signal });
  });
  // Handled at once: one that throws while another is waited for would count as unhandled.
  const settled = Promise.allSettled(reports);
  try {
    yield* reports;
  } finally {
    stop.abort();
    await settled;
  }
}
