/** A provider in a few words, for listings and for docs/providers.md. */
import type { OAuthProvider, Protocol, Provider } from "./provider.ts";
import { defaultClient } from "./registry.ts";

export interface ProviderSummary {
  readonly id: string;
  readonly name: string;
  /** How a person signs in. */
  readonly signIn: string;
  /** What a token (or a password) opens: `IMAP, POP, SMTP`. */
  readonly protocols: string;
  /** Whose registration is used when the user names none. */
  readonly client: string;
  readonly remark: string;
}

const NAMES = { imap: "IMAP", pop: "POP", smtp: "SMTP" } as const satisfies Record<Protocol, string>;

export function summarize(provider: Provider): ProviderSummary {
  const { id, name, remark = "" } = provider;
  if (provider.kind === "password")
    return { id, name, signIn: "password only", protocols: names(provider.servers), client: "none", remark };
  const [main, ...others] = provider.resources;
  const more = others
    .filter(({ name: resource }) => !resource.includes("-")) // `graph-shared` is Graph with other permissions
    .map((resource) => resource.name[0]?.toUpperCase() + resource.name.slice(1));
  return {
    id,
    name,
    signIn: signIn(provider),
    protocols: [names(main.scopes), ...more].join(", "),
    client: client(provider),
    remark,
  };
}

/** The table of docs/providers.md, in Markdown. */
export function providersTable(providers: readonly Provider[]): string {
  const rows = providers
    .map(summarize)
    .map(({ id, name, signIn: way, protocols, client: whose, remark }) => [
      `\`${id}\``,
      name,
      way,
      protocols,
      whose,
      remark,
    ]);
  return [
    ["Provider", "Service", "Sign-in", "Protocols", "Default client", "What to know"],
    ["---", "---", "---", "---", "---", "---"],
    ...rows,
  ]
    .map((cells) => `| ${cells.join(" | ")} |\n`)
    .join("");
}

function names(protocols: { readonly [P in Protocol]?: unknown }): string {
  return (["imap", "pop", "smtp"] as const)
    .filter((protocol) => protocols[protocol] !== undefined)
    .map((protocol) => NAMES[protocol])
    .join(", ");
}

/** Redirects to https beyond `https://localhost` can only be pasted. */
function signIn(provider: OAuthProvider): string {
  const registration = defaultClient(provider);
  const redirect = registration?.redirectUris[0] ?? "http://localhost";
  const pasted = redirect.startsWith("https:") && new URL(redirect).hostname !== "localhost";
  const device = registration?.deviceFlow === true ? ", or device code" : "";
  return `OAuth2: browser${pasted ? ", with pasting" : ""}${device}`;
}

function client(provider: OAuthProvider): string {
  const registration = defaultClient(provider);
  if (registration !== undefined) return registration.name;
  const withSecret = provider.clients.find((candidate) => candidate.disabled === undefined);
  return withSecret === undefined ? "your own" : `your own, or ${withSecret.name} with its secret`;
}
