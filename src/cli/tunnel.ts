/** `mailkey tunnel`: a mailbox on standard input and output, for programs that run a command in the place of a connection. */
import { loadConfig, type Config } from "../accounts/config.ts";
import { requireAccount } from "../accounts/store.ts";
import type { MailProtocol } from "../mail/report.ts";
import type { Secret } from "../platform/secret.ts";
import { StandardStream } from "../platform/standard-stream.ts";
import { AccountMailboxes } from "../proxy/accounts-mailboxes.ts";
import type { Mailbox } from "../proxy/mailboxes.ts";
import type { TokenWish } from "../proxy/tokens.ts";
import { runTunnel } from "../proxy/tunnel.ts";
import { MailUpstream } from "../proxy/upstream/open.ts";
import { digestOf } from "../tokens/digest.ts";
import { defineCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { tokenFromAgent } from "./token-from-agent.ts";

export const tunnel = defineCommand({
  name: "tunnel",
  summary: "a mailbox on standard input and output, logged in already",
  description: `For programs that can run a command in the place of a connection: no password, no port, and no token that they would have to
know. IMAP greets as logged in already (PREAUTH). With --protocol pop or smtp, any user name and password will do, or none.

When it cannot, the program is told in its protocol's own way, and the reason is on standard error; the exit status says what to do: 75 try
later, 77 sign in again, 78 mend the configuration.`,
  args: [{ name: "ADDRESS", summary: "the account", required: true }],
  options: {
    protocol: {
      type: "string",
      value: "PROTOCOL",
      choices: ["imap", "pop", "smtp"],
      summary: "imap (default), pop or smtp",
    },
  },
  examples: [
    { line: 'Tunnel "mailkey tunnel you@hotmail.com"', meaning: "in mbsync's configuration file" },
    { line: "mailkey tunnel you@hotmail.com --protocol smtp", meaning: "for sending" },
  ],
  async run({ values, args: [address = ""], context }) {
    const { paths, env, signal } = context;
    const config = loadConfig(paths, env);
    const upstream = new MailUpstream({
      env,
      config: () => config,
      tokens: { get: (wish) => token(context, config, wish) },
    });
    const protocol = (values.protocol ?? "imap") as MailProtocol;
    const ports = { client: new StandardStream(), upstream, protocol, signal, idleMs: config.proxy.limits.idleMs };
    await runTunnel(ports, () => mailboxOf(context, address));
  },
});

/** @throws ERR_ACCOUNT_UNKNOWN */
async function mailboxOf({ paths }: Context, address: string): Promise<Mailbox> {
  const mailbox = await new AccountMailboxes(paths).find(address);
  if (mailbox !== undefined) return mailbox;
  requireAccount(paths, address);
  throw new TypeError("an account without a mailbox");
}

/** As `mailkey token` gets it: from the agent, or without one. */
async function token(context: Context, config: Config, { mailbox, resource, refused }: TokenWish): Promise<Secret> {
  const digest = refused === undefined ? undefined : digestOf(refused.reveal());
  const wanted = { resource, refused: digest };
  const given = await tokenFromAgent(context, config, mailbox.account, wanted, false);
  if (given !== undefined) return given.token.value;
  const [{ getToken }, { tokenPorts }, { loadAccount }] = await Promise.all([
    import("../tokens/get-token.ts"),
    import("./ports.ts"),
    import("../accounts/resolve.ts"),
  ]);
  const account = await loadAccount(context.paths, mailbox.account);
  return (await getToken(tokenPorts(context, config), account, wanted)).token.value;
}
