/** The ports of mailkey's mail proxy, as far as mail programs are told to use them: the proxy behind them, and nobody else. */
import { isTlsFirst } from "../../accounts/proxy-config.ts";
import { shellLine } from "../../platform/shell.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { whereIs } from "../configs/setting.ts";
import { hasProxy, proxyClients, whoListens, type Listener, type ProxyClient } from "../mail-proxy.ts";
import { editConfig } from "../remedies.ts";

export const mailProxyPorts: MachineCheck = {
  id: "mail-proxy-ports",
  title: "the mail proxy at the ports that mail programs use",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const found = await looksOf(machine);
    const deserted = found.filter(({ who }) => who === "nobody");
    const taken = found.filter(
      ({ who, clients }) => who === "stranger" || (who === "silent" && !isTlsFirst(clients[0].service)),
    );
    return [
      ...(deserted.length === 0 ? [] : [nobody(deserted)]),
      ...(hasProxy(machine) ? taken.map((look) => stranger(look, machine)) : []), // others of its kind have the same ports
    ];
  },
};

interface Look {
  /** Host and port, for people. */
  readonly name: string;
  readonly clients: readonly [ProxyClient, ...ProxyClient[]];
}

/** At each port that somebody uses, once. */
async function looksOf(machine: Machine): Promise<(Look & { readonly who: Listener })[]> {
  const ports = new Map<string, [ProxyClient, ...ProxyClient[]]>();
  for (const client of proxyClients(machine)) {
    const name = `${client.host} port ${client.port}`;
    const others = ports.get(name);
    if (others === undefined) ports.set(name, [client]);
    else others.push(client);
  }
  const looks = [...ports].map(async ([name, clients]) => {
    return { name, clients, who: await whoListens(clients[0], machine.signal) };
  });
  return Promise.all(looks);
}

function nobody(looks: readonly Look[]): Finding {
  const names = looks.map(({ name }) => name).join(" and ");
  const places = looks.flatMap(({ clients }) => clients.map(({ place }) => whereIs(place)));
  const programs = [...new Set(looks.flatMap(({ clients }) => clients.map(({ program }) => program)))];
  return {
    severity: "error",
    seen: `nobody listens at ${names}, where mail programs look for mailkey's proxy (${places.join(", ")})`,
    means: `It does not run, or not with these ports. Until it does, ${programs.join(" and ")} cannot log in: “connection refused”.`,
    remedy: ["mailkey proxy start"],
    advice: "To have it start when you log in: mailkey proxy install. If it runs: mailkey proxy status.",
  };
}

function stranger({ name, clients }: Look, machine: Machine): Finding {
  const [{ program, port, service }] = clients;
  const places = clients.map(({ place }) => whereIs(place)).join(", ");
  return {
    severity: "error",
    seen: `whoever listens at ${name} is not mailkey's proxy`,
    means: `${program} hands the proxy's password to it (${places}), and the proxy cannot have the port.`,
    remedy: [shellLine(["ss", "-ltnp", `sport = :${port}`]), editConfig(machine)],
    advice: `The first shows who it is. Stop that, or give the proxy another port: ${service} in [proxy], and in the programs.`,
  };
}
