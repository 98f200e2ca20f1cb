/** Passwords of the mail proxy have been made, for whatever program or device: then the proxy has to be there. */
import { isMailkeyError } from "../../errors.ts";
import { shellLine } from "../../platform/shell.ts";
import { listPasswords } from "../../proxy/passwords/store.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { proxyClients, whoListens, type Listener, type ProxyClient } from "../mail-proxy.ts";
import { editConfig } from "../remedies.ts";

export const mailProxyRunning: MachineCheck = {
  id: "mail-proxy-running",
  title: "the mail proxy, where passwords for it have been made",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const owners = ownersOf(machine);
    const isKnownElsewhere = proxyClients(machine).length > 0; // those programs are the matter of `mail-proxy-ports`
    if (owners.length === 0 || isKnownElsewhere || (await machine.mailProxy()) !== undefined) return [];
    const door = doorOf(machine);
    return door === undefined ? [] : findings(machine, owners, door, await whoListens(door, machine.signal));
  },
};

type Door = Pick<ProxyClient, "host" | "port" | "service">;

function ownersOf({ paths }: Machine): string[] {
  try {
    return [...new Set(listPasswords(paths).map((each) => each.for))];
  } catch (error) {
    if (isMailkeyError(error)) return []; // the matter of `mail-proxy-password`
    throw error;
  }
}

/** Where it would greet. Under systemd somebody may listen for it. */
function doorOf({ config }: Machine): Door | undefined {
  const { addresses, ports } = config.proxy;
  const [host] = addresses;
  const service = (["imap", "pop", "smtp"] as const).find((name) => ports[name] !== undefined);
  const port = service === undefined ? undefined : ports[service];
  return host === undefined || service === undefined || port === undefined ? undefined : { host, port, service };
}

function findings(machine: Machine, owners: readonly string[], { host, port }: Door, who: Listener): Finding[] {
  if (who === "proxy") return [];
  const whose = owners.join(", ");
  if (who === "nobody")
    return [
      {
        severity: "warning",
        seen: `the mail proxy does not run, and there are passwords for it (${whose})`,
        means: "What has such a password cannot log in: “connection refused”.",
        remedy: ["mailkey proxy start"],
        advice:
          "To have it start when you log in: mailkey proxy install. Not used any more? mailkey proxy password remove ADDRESS.",
      },
    ];
  return [
    {
      severity: "warning",
      seen: `whoever listens at ${host} port ${port} is not mailkey's proxy, and there are passwords for that (${whose})`,
      means: "The proxy cannot have the port, and what has such a password hands it to somebody else.",
      remedy: [shellLine(["ss", "-ltnp", `sport = :${port}`]), editConfig(machine), "mailkey proxy start"],
      advice:
        "The first shows who it is. Stop that, or give the proxy another port below [proxy], and to the programs.",
    },
  ];
}
