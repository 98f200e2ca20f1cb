/** `mailkey show`: everything about one account that is no secret. */
import { scopesOf, type ResolvedAccount } from "../accounts/resolve.ts";
import { accountPath, requireAccount } from "../accounts/store.ts";
import { jsonText, withoutControls } from "../platform/text.ts";
import type { MailServer } from "../providers/provider.ts";
import { defineCommand } from "./command.ts";
import { formatSeconds } from "./duration.ts";
import { overviewJson, overviewOf, type Overview } from "./overview.ts";

export const show = defineCommand({
  name: "show",
  summary: "show one account's settings and dates, without secrets",
  args: [{ name: "ADDRESS", summary: "the account; may be left out when there is only one", required: false }],
  options: { json: { type: "boolean", summary: "print a JSON object" } },
  examples: [{ line: "mailkey show you@hotmail.com", meaning: "servers, scopes, client and dates" }],
  async run({ values, args, context }) {
    const { address } = requireAccount(context.paths, args[0]);
    const overview = await overviewOf(context, address);
    const file = accountPath(context.paths, address);
    if (values.json === true) {
      const { provider, client, user, login } = overview.account ?? {};
      const settings = {
        ...overviewJson(overview, context.clock.now()),
        file,
        user,
        login,
        client,
        servers: provider?.servers,
        endpoints: provider?.endpoints,
        scopes: Object.fromEntries((provider?.resources ?? []).map((resource) => [resource.name, scopesOf(resource)])),
      };
      return context.stdout(`${jsonText(settings, 2)}\n`);
    }
    const rows = [["account", address], ["file", file], ...details(overview)] as const;
    const width = Math.max(...rows.map(([name]) => name?.length ?? 0));
    context.stdout(
      rows.map(([name = "", value = ""]) => `${name.padEnd(width)}  ${withoutControls(value)}\n`).join(""),
    );
  },
});

function details(overview: Overview): [string, string][] {
  const { account, record } = overview;
  if (account === undefined) return [["problem", overview.problem ?? "the account file cannot be used"]];
  const { provider, client } = account;
  const rows: [string, string][] = [
    ["provider", `${provider.name} (${provider.id})`],
    ["user", account.user],
    ["client", client.name === client.id ? client.id : `${client.name} (${client.id})`],
    ["client secret", secretPlace(account)],
  ];
  if (overview.clientEndsInSeconds !== undefined) rows.push(["client ends", inTime(overview.clientEndsInSeconds)]);
  if (account.credential !== account.address) rows.push(["uses", `the sign-in of ${account.credential}`]);
  if (account.login !== account.address) rows.push(["signs in as", account.login]);
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    const server = provider.servers[protocol];
    if (server !== undefined) rows.push([protocol, serverText(server)]);
  }
  for (const resource of provider.resources) rows.push([`scopes (${resource.name})`, scopesOf(resource).join(" ")]);
  rows.push([
    "signed in",
    account.grant !== "sign_in"
      ? "nobody has to"
      : overview.signedInSeconds === undefined
        ? "never"
        : `${formatSeconds(overview.signedInSeconds)} ago`,
  ]);
  for (const [resource, token] of Object.entries(record?.accessTokens ?? {})) {
    rows.push([`access token (${resource})`, `granted for ${formatSeconds(token.lifetimeSeconds)}: ${token.scope}`]);
  }
  if (record?.failure !== undefined) rows.push(["last failure", record.failure.reason]);
  rows.push(["health", overview.health]);
  return rows;
}

function secretPlace({ account, client: { secret, key } }: ResolvedAccount): string {
  const { service_account: keyFile } = account;
  if (keyFile !== undefined) return keyFile === "vault" ? "key file in the vault" : `key file ${keyFile.file}`;
  if (key !== undefined) return `key in ${key.file}, certificate ${key.certificate ?? "none"}`;
  if (secret === undefined) return "none (public client)";
  if (secret === "vault") return "in the vault";
  return "file" in secret ? `in ${secret.file}` : `printed by: ${secret.command}`;
}

function inTime(seconds: number): string {
  return seconds < 0 ? `${formatSeconds(-seconds)} ago` : `in ${formatSeconds(seconds)}`;
}

function serverText({ host, port, security }: MailServer): string {
  return `${host}:${port} (${security === "tls" ? "TLS" : "STARTTLS"})`;
}
