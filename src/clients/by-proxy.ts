/** What a program has to know of mailkey's proxy. */
import type { ProxyConfig } from "../accounts/proxy-config.ts";
import { MailkeyError } from "../errors.ts";
import { shellLine } from "../platform/shell.ts";
import { isLoopback } from "../platform/addresses.ts";
import type { Protocol } from "../providers/provider.ts";
import type { MailAccount } from "./recipe.ts";

export interface ProxyPort {
  readonly host: string;
  readonly port: number;
  /** `none`: STARTTLS may be had where there is a certificate, and nothing leaves the machine. */
  readonly security: "none" | "tls";
}

/** Where the proxy serves a protocol, in plain words or in TLS; undefined when its settings leave that out. */
export function proxyPort(
  { addresses, ports, requireTls }: ProxyConfig,
  protocol: Protocol,
  security: "none" | "tls",
): ProxyPort | undefined {
  const port = ports[security === "tls" ? (`${protocol}s` as const) : protocol];
  const isServed = port !== undefined && !(security === "none" && (requireTls || !addresses.some(isLoopback)));
  return isServed ? { host: proxyHost(addresses), port, security } : undefined;
}

/**
 * The plain port, or that with TLS where there is no other.
 *
 * @throws ERR_UNSUPPORTED when the settings leave the protocol out
 */
export function neededProxyPort(config: ProxyConfig, protocol: Protocol, program: string): ProxyPort {
  const found = proxyPort(config, protocol, "none") ?? proxyPort(config, protocol, "tls");
  if (found !== undefined) return found;
  throw new MailkeyError("ERR_UNSUPPORTED", `${program} needs a port for ${protocol} in [proxy] of config.toml`, {
    hint: `${protocol} = PORT in [proxy], then: mailkey proxy reload`,
  });
}

/**
 * What the user types once.
 *
 * @param device names the password, so that it can be taken back alone
 */
export function proxySteps(accounts: readonly MailAccount[], device: string | undefined): string[] {
  const named = device === undefined ? [] : ["--device", device];
  const lines = accounts.map(
    ({ address }) => `    ${shellLine(["mailkey", "proxy", "password", "add", address, ...named])}`,
  );
  return [
    "mailkey's proxy has to run. To have it start when you log in:\n    mailkey proxy install",
    `The password is one of the proxy's, never the mailbox's. This makes one and shows it:\n${lines.join("\n")}`,
  ];
}

/** The first that is this machine's own, where there is one: certificates name that, and nobody the address that stands for all. */
export function proxyHost(addresses: readonly string[]): string {
  const [first = "127.0.0.1"] = addresses;
  return addresses.find(isLoopback) ?? THIS_MACHINE[first] ?? first;
}

/** What listens at all addresses is reached there. */
const THIS_MACHINE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
