/** Mail servers of another kind of account, and ports whose TLS begins otherwise. */
import type { MailServer, Protocol } from "../../providers/provider.ts";
import type { AccountCheck, AccountSubject, Finding } from "../check.ts";
import { editAccount } from "../remedies.ts";
import { portProblem, wrongHost } from "../servers.ts";

const PROTOCOLS = ["imap", "pop", "smtp"] as const satisfies readonly Protocol[];

export const serverHost: AccountCheck = {
  of: "account",
  id: "server-host",
  title: "hosts and ports of the mail servers",
  worst: "error",
  examine(subject) {
    const { servers } = subject.account.provider;
    return PROTOCOLS.flatMap((protocol) => {
      const server = servers[protocol];
      return server === undefined ? [] : examineServer(subject, protocol, server);
    });
  },
};

function examineServer(subject: AccountSubject, protocol: Protocol, server: MailServer): Finding[] {
  const findings: Finding[] = [];
  const name = `${protocol.toUpperCase()} server of ${subject.account.address}`;
  const host = wrongHost(subject.account.provider.id, server.host);
  if (host !== undefined)
    findings.push({
      severity: "warning",
      seen: `the ${name} is ${server.host}`,
      means: host.means,
      remedy: [editAccount(subject)],
      advice: `Write host = "${host.instead}" under [servers.${protocol}].`,
    });
  const port = portProblem(server.port, server.security);
  if (port !== undefined)
    findings.push({
      severity: "error",
      seen: `the ${name} is set to ${server.security} on port ${server.port}, where ${port.words}`,
      means: "The connection hangs or breaks off before the login.",
      remedy: [editAccount(subject)],
      advice: `Write security = "${port.security}" under [servers.${protocol}].`,
      sources: ["https://www.rfc-editor.org/rfc/rfc8314#section-3"],
    });
  return findings;
}
