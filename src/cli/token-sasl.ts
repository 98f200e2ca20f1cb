/** The access token as a SASL initial response, for programs that send it as it is. */
import type { ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Protocol } from "../providers/provider.ts";
import { mechanismNamed } from "../sasl/mechanisms.ts";

/** @throws ERR_UNSUPPORTED when the provider has no such server */
export function saslLine(
  token: Secret,
  format: "sasl" | "msasl",
  protocol: Protocol,
  account: ResolvedAccount,
): string {
  const server = account.provider.servers[protocol];
  const name = account.provider.mechanisms[protocol]?.[0];
  if (server === undefined || name === undefined) {
    throw new MailkeyError("ERR_UNSUPPORTED", `${account.provider.name} offers no OAuth2 over ${protocol}`);
  }
  const response = mechanismNamed(name).initialResponse({
    user: account.user,
    token,
    host: server.host,
    port: server.port,
  });
  return format === "msasl" ? `${name} ${response.reveal()}` : response.reveal();
}
