/** `mailkey token`: what mail programs run. On standard output the token and a newline, or nothing. */
import { loadConfig } from "../accounts/config.ts";
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import type { Protocol } from "../providers/provider.ts";
import { getToken } from "../tokens/get-token.ts";
import { defineCommand } from "./command.ts";
import { tokenPorts } from "./ports.ts";
import { isQuick } from "./quick-token.ts";
import { tokenFromAgent, type GivenToken } from "./token-from-agent.ts";

const FORMATS = ["token", "sasl", "msasl", "json"] as const;
type Format = (typeof FORMATS)[number];

export const token = defineCommand({
  name: "token",
  summary: "print a valid access token, renewing it when needed",
  description: `This is what mail programs run as their password command. On success standard output holds the token and a newline, nothing
else; on failure it holds nothing, the reason is on standard error, and the exit status says what to do: 75 try later,
77 sign in again, 78 mend the configuration.

Formats: "token" is the bare access token; "sasl" the base64 of a SASL initial response, in the mechanism that the provider
prefers for --protocol (XOAUTH2 nearly everywhere, else OAUTHBEARER); "msasl" the same, preceded by the mechanism's name; "json" an object with the token, its
scope and expiry.`,
  args: [{ name: "ADDRESS", summary: "the account; may be left out when there is only one", required: false }],
  options: {
    format: { type: "string", value: "FORMAT", choices: FORMATS, summary: "token (default), sasl, msasl or json" },
    protocol: {
      type: "string",
      value: "PROTOCOL",
      choices: ["imap", "pop", "smtp"],
      summary: "what the sasl formats are for: imap (default), pop or smtp",
    },
    resource: { type: "string", value: "NAME", summary: "whose token: outlook (default) or graph at Microsoft" },
    "min-ttl": {
      type: "string",
      value: "SECONDS",
      summary: "the token must last this long; renewed when it would not",
    },
    force: { type: "boolean", short: "f", summary: "renew even when the token in the vault is still good" },
  },
  examples: [
    { line: "mailkey token you@hotmail.com", meaning: "for mbsync's PassCmd and msmtp's passwordeval" },
    { line: "mailkey token you@hotmail.com --resource graph", meaning: "for Microsoft Graph" },
    { line: "mailkey token you@gmail.com --format sasl", meaning: "ready for AUTHENTICATE XOAUTH2" },
  ],
  async run({ values, args, context }) {
    const format = (values.format ?? "token") as Format;
    const minTtlSeconds = parseSeconds(values["min-ttl"]);
    const wanted = { resource: values.resource, minTtlSeconds, force: values.force };
    const config = loadConfig(context.paths, context.env);
    const answer =
      (await tokenFromAgent(context, config, args[0], wanted, isQuick(["token", ...args], values))) ??
      (await getToken(tokenPorts(context, config), await loadAccount(context.paths, args[0]), wanted));
    if (answer.warning !== undefined) {
      await (await import("./problem.ts")).writeStaleWarning(context, answer.warning); // seldom
    }
    const account = () => loadAccount(context.paths, args[0]);
    context.stdout(`${await render(answer.token, format, (values.protocol ?? "imap") as Protocol, account)}\n`);
  },
});

async function render(
  access: GivenToken["token"],
  format: Format,
  protocol: Protocol,
  account: () => Promise<ResolvedAccount>,
): Promise<string> {
  if (format === "token") return access.value.reveal();
  if (format === "json") {
    return JSON.stringify({
      access_token: access.value.reveal(),
      token_type: "Bearer",
      expires_at: new Date(access.expiresAtMs).toISOString(),
      scope: access.scope,
      resource: access.resource,
    });
  }
  const { saslLine } = await import("./token-sasl.ts");
  return saslLine(access.value, format, protocol, await account());
}

function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text))
    throw new MailkeyError("ERR_USAGE", "--min-ttl is a number of seconds", { hint: "mailkey help token" });
  return Number(text);
}
