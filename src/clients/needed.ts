/** What a recipe cannot do without: an account that lacks it is refused, saying what to do instead. */
import { MailkeyError } from "../errors.ts";
import type { MailServer, Mechanism, Protocol } from "../providers/provider.ts";
import type { MailAccount, RenderRequest } from "./recipe.ts";
import { isAtLeast } from "./version.ts";

const NAMES: Readonly<Record<Protocol, string>> = { imap: "IMAP", pop: "POP3", smtp: "SMTP" };

/** @throws ERR_UNSUPPORTED when the account has no such server */
export function neededServer(account: MailAccount, protocol: Protocol, program: string): MailServer {
  const server = account.servers[protocol];
  if (server !== undefined) return server;
  throw new MailkeyError("ERR_UNSUPPORTED", `${program} needs ${NAMES[protocol]}, and ${account.address} has none`, {
    hint: "name the accounts that it is for: mailkey setup PROGRAM --account ADDRESS",
  });
}

/**
 * The server, for programs that go on without TLS where the server does not offer STARTTLS: they would show the token to the network.
 *
 * @throws ERR_UNSUPPORTED when the account has no such server, or TLS does not start at once there
 */
export function neededTlsServer(account: MailAccount, protocol: Protocol, program: string): MailServer {
  const server = neededServer(account, protocol, program);
  if (server.security === "tls") return server;
  throw new MailkeyError("ERR_UNSUPPORTED", `${program} is not safe with STARTTLS, which ${server.host} wants`, {
    hint: "mailkey setup mbsync",
  });
}

/**
 * The mechanism that the provider prefers among those that the program speaks.
 *
 * @throws ERR_UNSUPPORTED when there is none
 */
export function neededMechanism(
  account: MailAccount,
  protocol: Protocol,
  program: string,
  spoken: readonly [Mechanism, ...Mechanism[]],
): Mechanism {
  const offered = account.mechanisms[protocol];
  if (offered === undefined) return spoken[0]; // nothing is known: every provider here takes XOAUTH2
  const mechanism = offered.find((name) => spoken.includes(name));
  if (mechanism !== undefined) return mechanism;
  throw new MailkeyError(
    "ERR_UNSUPPORTED",
    `${program} does not speak ${offered.join(" or ")}, as ${account.address} needs`,
    {
      hint: "mailkey setup mbsync",
    },
  );
}

/** @throws ERR_UNSUPPORTED when the program that was found is older than the first that can use tokens */
export function neededVersion({ program }: RenderRequest, name: string, oldest: string): void {
  if (isAtLeast(program?.version, oldest)) return;
  throw new MailkeyError(
    "ERR_UNSUPPORTED",
    `${name} ${program?.version} is too old for tokens: ${oldest} is the first`,
    {
      hint: "mailkey setup mbsync msmtp",
    },
  );
}
