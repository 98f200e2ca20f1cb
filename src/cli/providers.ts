/** `mailkey providers`: what is known of each provider, and where from. */
import { MailkeyError } from "../errors.ts";
import { jsonText } from "../platform/text.ts";
import type { ClientRegistration, OAuthProvider, Provider } from "../providers/provider.ts";
import { loadAllProviders, loadProvider } from "../providers/registry.ts";
import { defineCommand } from "./command.ts";
import { table, type Cell } from "./table.ts";

export const providers = defineCommand({
  name: "providers",
  summary: "list the mail providers, or show what is known of one",
  args: [{ name: "PROVIDER", summary: "a provider's id", required: false }],
  options: { json: { type: "boolean", summary: "print JSON, sources included" } },
  examples: [
    { line: "mailkey providers", meaning: "all of them" },
    { line: "mailkey providers google", meaning: "one: servers, registrations, quirks" },
  ],
  async run({ values, args, context }) {
    const [id] = args;
    const found: readonly Provider[] = id === undefined ? await loadAllProviders() : [await loadProvider(id)];
    const [one] = found;
    if (values.json === true) return context.stdout(`${jsonText(id === undefined ? found : one, 2)}\n`);
    if (id !== undefined && one !== undefined) return context.stdout(description(one));
    if (found.length === 0) throw new MailkeyError("ERR_PROVIDER_UNKNOWN", "no provider is known");
    context.stdout(table(["ID", "PROVIDER", "SIGN-IN", "CLIENTS"], found.map(row), context.terminal.colourOut));
  },
});

function row(provider: Provider): Cell[] {
  if (provider.kind === "password")
    return [{ text: provider.id }, { text: provider.name }, { text: "no OAuth2 here", tone: "dim" }, { text: "-" }];
  const usable = provider.clients.filter((client) => client.disabled === undefined).map((client) => client.preset);
  return [
    { text: provider.id },
    { text: provider.name },
    { text: "OAuth2", tone: "good" },
    { text: registrations(usable) },
  ];
}

/** The first is the one that is offered first; all of them are on the provider's own page. */
function registrations([first, ...others]: readonly string[]): string {
  if (first === undefined) return "your own";
  return others.length === 0 ? first : `${first}, ${others.length} more`;
}

function description(provider: Provider): string {
  const lines = [`${provider.name} (${provider.id})`, ""];
  if (provider.kind === "password") return [...lines, provider.advice, ""].join("\n");
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    const server = provider.servers[protocol];
    if (server !== undefined)
      lines.push(
        `${protocol.padEnd(5)} ${server.host}:${server.port} (${server.security === "tls" ? "TLS" : "STARTTLS"})`,
      );
  }
  lines.push(
    "",
    `resources: ${provider.resources.map((resource) => resource.name).join(", ")}`,
    tokenLife(provider),
    "",
    "registrations:",
  );
  lines.push(
    ...(provider.clients.length === 0 ? ["  none known: register your own"] : provider.clients.map(clientLine)),
    "",
    "good to know:",
  );
  lines.push(...provider.quirks.map((quirk) => `  - ${quirk.text} (${quirk.status})`), "");
  return lines.join("\n");
}

function tokenLife({ tokens }: OAuthProvider): string {
  const access =
    tokens.accessSeconds === undefined ? "not known" : `about ${Math.round(tokens.accessSeconds / 60)} min`;
  const idle =
    tokens.refreshIdleDays === undefined
      ? "no fixed end known"
      : `ends after ${tokens.refreshIdleDays} days without use`;
  return `access token: ${access}; sign-in: ${idle}`;
}

function clientLine(client: ClientRegistration): string {
  const secret = client.secretRequired ? ", needs a secret" : "";
  const state = client.disabled === undefined ? "" : ` - not usable: ${client.disabled}`;
  return `  ${client.preset}: ${client.name}${secret}${state}`;
}
