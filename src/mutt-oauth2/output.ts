/** What goes to standard output: the token in the format that was asked for, on one line. */
import { Secret } from "../platform/secret.ts";
import { mechanismNamed } from "../sasl/mechanisms.ts";
import type { Arguments } from "./command-line.ts";
import type { Registration } from "./registrations.ts";

/** The script's words before the value, with `--verbose`. */
const LABELS = { token: "Access Token: ", sasl: "SASL String: ", msasl: "SASL Method and String: " } as const;

/**
 * The line without its end. Holds the token: write it to standard output and nowhere else.
 *
 * @param user the mailbox in the SASL formats
 * @throws ERR_CONFIG when the user name cannot be part of a SASL message
 */
export function renderToken(
  { format, protocol, verbose }: Pick<Arguments, "format" | "protocol" | "verbose">,
  token: Secret,
  user: string,
  { mechanism, servers }: Registration,
): Secret {
  const label = verbose ? LABELS[format] : "";
  if (format === "token") return new Secret(`${label}${token.reveal()}`);
  const { host, port } = servers[protocol];
  const response = mechanismNamed(mechanism).initialResponse({ user, token, host, port }).reveal();
  return new Secret(`${label}${format === "msasl" ? `${mechanism} ` : ""}${response}`);
}
