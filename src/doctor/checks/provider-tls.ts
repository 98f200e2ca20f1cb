/** Certificates that the provider's host shows: whether somebody between here and there opens TLS. */
import { connect, type DetailedPeerCertificate } from "node:tls";
import { peerText } from "../../platform/text.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { askProvider, portOf, proxyFor, QUESTION_MS, tokenEndpoints } from "../network.ts";
import { editConfig } from "../remedies.ts";

export const providerTls: MachineCheck = {
  of: "machine",
  id: "provider-tls",
  title: "the certificate of the provider's host",
  worst: "error",
  async examine(machine) {
    const findings = await Promise.all(tokenEndpoints(machine).map((url) => examineCertificate(machine, url)));
    return findings.flat();
  },
};

async function examineCertificate(machine: Machine, url: URL): Promise<Finding[]> {
  const answer = await askProvider(machine, url);
  if (answer.kind !== "certificate") return [];
  const issuer = proxyFor(url, machine.env) === undefined ? await issuerOf(url) : undefined;
  return [
    {
      severity: "error",
      seen: `${url.host}: ${answer.reason}${issuer === undefined ? "" : `; it was issued by “${issuer}”`}`,
      means:
        "Something between here and the provider opens TLS: a virus scanner, a company's proxy, or somebody who should " +
        "not. mailkey sends nothing through it.",
      remedy: [editConfig(machine)],
      advice:
        'If you know and trust that authority, get its certificate as a PEM file and write: [network] ca_file = "/path/of/it.pem". ' +
        "Otherwise use another network.",
    },
  ];
}

/** Looks at the certificate that was refused, and hangs up: nothing is sent. */
function issuerOf(url: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      host: url.hostname,
      port: portOf(url),
      servername: url.hostname,
      rejectUnauthorized: false,
    });
    const finish = (issuer: string | undefined) => {
      socket.destroy();
      resolve(issuer);
    };
    socket.setTimeout(QUESTION_MS, () => finish(undefined));
    socket.on("error", () => finish(undefined));
    socket.on("secureConnect", () => finish(nameOf(socket.getPeerCertificate(true))));
  });
}

function nameOf({ issuer }: Partial<DetailedPeerCertificate>): string | undefined {
  const name = [issuer?.O, issuer?.CN].flat().find((part) => part !== undefined && part !== "");
  return name === undefined ? undefined : peerText(name, 80);
}
