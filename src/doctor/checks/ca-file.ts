/** Certificate authorities that the user trusts besides the system's. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { systemErrorCode } from "../../errors.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { editConfig } from "../remedies.ts";

export const caFile: MachineCheck = {
  of: "machine",
  id: "ca-file",
  title: "certificate authorities of your own",
  worst: "error",
  examine(machine) {
    const { caFile: configured } = machine.config;
    const extra = machine.env["NODE_EXTRA_CA_CERTS"];
    return [
      ...(configured === undefined ? [] : ofConfiguration(machine, configured)),
      ...(extra === undefined || extra === "" ? [] : ofEnvironment(machine, extra)),
    ];
  },
};

function ofConfiguration(machine: Machine, path: string): Finding[] {
  const problem = problemOf(path, machine.clock.now().wallMs);
  if (problem === undefined) return [];
  return [
    {
      severity: problem.isExpired ? "warning" : "error",
      seen: `network.ca_file, ${path}, ${problem.what}`,
      means: problem.isExpired
        ? "Servers whose certificates that authority issued are refused."
        : "mailkey refuses to connect anywhere until the setting is right.",
      remedy: [editConfig(machine)],
      advice: "Let ca_file under [network] name a PEM file, or delete the line.",
    },
  ];
}

function ofEnvironment(machine: Machine, path: string): Finding[] {
  const problem = problemOf(path, machine.clock.now().wallMs);
  if (problem === undefined) return [];
  return [
    {
      severity: "warning",
      seen: `NODE_EXTRA_CA_CERTS names ${path}, which ${problem.what}`,
      means: "The authorities in it do not count: behind a company's proxy, connections will be refused.",
      remedy: ["unset NODE_EXTRA_CA_CERTS"],
    },
  ];
}

function problemOf(path: string, nowMs: number): { what: string; isExpired: boolean } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const missing = systemErrorCode(error) === "ENOENT";
    return { what: missing ? "does not exist" : "cannot be read", isExpired: false };
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) return { what: "holds no certificate in PEM form", isExpired: false };
  const ends: number[] = [];
  for (const [index, pem] of found.entries()) {
    try {
      ends.push(Date.parse(new X509Certificate(pem).validTo));
    } catch {
      return { what: `holds a damaged certificate (number ${index + 1})`, isExpired: false };
    }
  }
  return ends.every((end) => end < nowMs) ? { what: "holds only expired certificates", isExpired: true } : undefined;
}
