/** Names of providers and mail servers. */
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { lookUpProblem, proxyFor, tokenEndpoints } from "../network.ts";
import { shellLine, shellWord } from "../../platform/shell.ts";

export const dns: MachineCheck = {
  of: "machine",
  id: "dns",
  title: "names of the provider and the mail servers",
  worst: "error",
  async examine(machine) {
    const hosts = [...new Set([...providerHosts(machine), ...mailHosts(machine)])];
    const problems = await Promise.all(
      hosts.map(async (host) => ({ host, problem: await lookUpProblem(host, machine.signal) })),
    );
    const failed = problems.flatMap(({ host, problem }) => (problem === undefined ? [] : [{ host, problem }]));
    const [first] = failed;
    if (first === undefined) return [];
    // A machine with a single name to ask for may be offline, too: nobody can tell then.
    if (failed.length === hosts.length && hosts.length > 1) return [nothingResolves(failed.map(({ host }) => host))];
    return failed.map(({ host, problem }) => unknownHost(machine, host, problem));
  },
};

/** A proxy looks names up itself. */
function providerHosts(machine: Machine): string[] {
  return tokenEndpoints(machine)
    .filter((url) => proxyFor(url, machine.env) === undefined)
    .map((url) => url.hostname);
}

function mailHosts({ accounts }: Machine): string[] {
  return accounts.flatMap(({ account }) =>
    Object.values(account.provider.servers).flatMap((server) => (server === undefined ? [] : [server.host])),
  );
}

function nothingResolves(hosts: readonly string[]): Finding {
  return {
    severity: "error",
    seen: `no name can be looked up: ${hosts.join(", ")}`,
    means: "This machine is offline, or its name servers do not answer: neither tokens nor mail can be had.",
    remedy: ["cat /etc/resolv.conf"],
    advice: "Connect to a network, or correct the name servers in that file.",
  };
}

function unknownHost({ accounts }: Machine, host: string, problem: string): Finding {
  const owner = accounts.find(({ account }) =>
    Object.values(account.provider.servers).some((server) => server?.host === host),
  );
  return {
    severity: "error",
    seen: `${host} cannot be looked up: ${problem}`,
    means: "Nothing can be had from that host. Its name may be misspelt, or the network hides it.",
    remedy:
      owner === undefined
        ? [shellLine(["getent", "hosts", host])]
        : [`mailkey show ${shellWord(owner.account.address)}`],
    advice:
      owner === undefined
        ? "If that prints nothing, the name servers of this network are at fault."
        : "The account's file, which that names, may hold a misspelt server.",
  };
}
