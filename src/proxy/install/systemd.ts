/**
 * The proxy as units of a user's systemd: a socket unit for each service, which says what its sockets are for, and the service that is started by
 * whoever connects first.
 *
 * @see systemd.socket(5)
 */
import { PROXY_PORTS, type ProxyService } from "../../accounts/proxy-config.ts";
import { serviceText, type Unit } from "../../service/install/systemd.ts";

export const SERVICE_UNIT = "mailkey-proxy.service";
/** It works without, and starts an agent by itself. */
const AGENT_SOCKET = "mailkey-agent.socket";

/** What is listened on. */
export interface Places {
  readonly addresses: readonly string[];
  readonly ports: { readonly [S in ProxyService]?: number | undefined };
}

/** What packages ship units for. */
export const USUAL_PLACES: Places = {
  addresses: ["127.0.0.1", "::1"],
  ports: { imap: PROXY_PORTS.imap, pop: PROXY_PORTS.pop, smtp: PROXY_PORTS.smtp },
};

export function socketUnitName(service: ProxyService): string {
  return `mailkey-proxy-${service}.socket`;
}

/** @param executable this program's absolute path */
export function systemdUnits(
  executable: string,
  { addresses, ports }: Places,
  environment: Readonly<Record<string, string>> = {},
): readonly Unit[] {
  const sockets = (Object.entries(ports) as [ProxyService, number | undefined][]).flatMap(([service, port]) =>
    port === undefined ? [] : [{ name: socketUnitName(service), text: socketUnit(service, addresses, port) }],
  );
  const service = serviceText({
    description: "mailkey's proxy: IMAP, POP3 and SMTP for programs that know only passwords",
    name: "proxy",
    executable,
    sockets: sockets.map(({ name }) => name),
    wants: [AGENT_SOCKET],
    environment,
    more: "LimitNOFILE=524288\n# An agent that it had to start goes on, with what somebody has unlocked.\nKillMode=process\n",
    memory: "Access tokens and passwords are nothing for a disk.",
  });
  return [...sockets, { name: SERVICE_UNIT, text: service }];
}

function socketUnit(service: ProxyService, addresses: readonly string[], port: number): string {
  const streams = addresses.map(
    (address) => `ListenStream=${address.includes(":") ? `[${address}]` : address}:${port}\n`,
  );
  return `[Unit]
Description=Socket of mailkey's proxy, for ${service}
Documentation=man:mailkey(1)

[Socket]
${streams.join("")}FileDescriptorName=${service}
Service=${SERVICE_UNIT}
# An address that this machine does not have yet, or at all.
FreeBind=yes
BindIPv6Only=ipv6-only
NoDelay=yes
Backlog=4096

[Install]
WantedBy=sockets.target
`;
}
