/** What is known of mail servers' names and ports, for accounts and for the files of mail programs. Data and two look-ups. */
import type { MailServer, Security } from "../providers/provider.ts";

interface HostRow {
  readonly provider: string;
  readonly host: string;
  readonly instead: string;
  readonly means: string;
}

const OTHER_KIND = "Logins there are refused for some mailboxes, although the token is good (535 5.7.3)";

/** Hosts that people copy from guides for the other kind of account. */
const WRONG_HOSTS: readonly HostRow[] = [
  {
    provider: "microsoft-personal",
    host: "smtp.office365.com",
    instead: "smtp-mail.outlook.com",
    means: `That is the host of work and school accounts. ${OTHER_KIND}.`,
  },
  {
    provider: "microsoft",
    host: "smtp-mail.outlook.com",
    instead: "smtp.office365.com",
    means: `That is the host of personal accounts. ${OTHER_KIND}.`,
  },
];

/** How TLS begins on the well-known ports. @see RFC 8314 3 */
const PORTS: Readonly<Record<number, Security>> = {
  25: "starttls",
  110: "starttls",
  143: "starttls",
  587: "starttls",
  465: "tls",
  993: "tls",
  995: "tls",
};

export function wrongHost(providerId: string, host: string): Pick<HostRow, "instead" | "means"> | undefined {
  return WRONG_HOSTS.find((row) => row.provider === providerId && row.host === host.toLowerCase());
}

/** How TLS has to begin on `port`: as the account's own server has it, otherwise as everybody does. */
export function securityOn(port: number, server?: MailServer): Security | undefined {
  return server?.port === port ? server.security : PORTS[port];
}

/** @returns undefined when `security` fits the port, or nobody knows */
export function portProblem(port: number, security: Security): { words: string; security: Security } | undefined {
  const right = PORTS[port];
  if (right === undefined || right === security) return undefined;
  return { words: right === "tls" ? "TLS begins at once" : "TLS begins after STARTTLS", security: right };
}
