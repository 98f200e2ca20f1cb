/** aerc's `accounts.conf`: the sign-in is in the URL of the server, or comes from a command. */
import { join } from "node:path";
import { shellWord } from "../platform/shell.ts";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { notUnderstood } from "./foreign-text.ts";
import { parseIni } from "./ini.ts";
import { clientSecretOf, scopesIn, tokenOf } from "./token-values.ts";
import { unusable, type Found, type ImportPorts, type ImportTool } from "./tool.ts";

const DIALECT = { delimiters: /=/, continuations: false, repeats: true } as const;
/** @see aerc-imap(5), aerc-smtp(5) */
const OAUTH_URL = /^(imap|smtp)(s?)\+(?:xoauth2|oauthbearer):\/\//;
const PORTS = { imap: { tls: 993, starttls: 143 }, smtp: { tls: 465, starttls: 587 } } as const;

export const aerc: ImportTool = {
  name: "aerc",
  title: "aerc",
  usualFiles: ({ configHome }) => [join(configHome, "aerc", "accounts.conf")],
  recognises: (text) => /^[ \t]*source[ \t]*=[ \t]*\S+/m.test(text) && parseIni(text, DIALECT) !== undefined,
  async read(file, ports) {
    const sections = parseIni(file.text, DIALECT);
    if (sections === undefined) throw notUnderstood(file.path, aerc.title);
    const foreign = [...sections].filter(([, keys]) => !isMailkeys(keys));
    return Promise.all(foreign.map(([name, keys]) => foundIn(name, keys, ports)));
  },
};

/** What `mailkey setup aerc` writes: there is nothing to take over from there. */
function isMailkeys(keys: ReadonlyMap<string, string>): boolean {
  const command = keys.get("source-cred-cmd") ?? keys.get("outgoing-cred-cmd") ?? "";
  return /(?:^|\/)mailkey'? token /.test(command);
}

async function foundIn(name: string, keys: ReadonlyMap<string, string>, ports: ImportPorts): Promise<Found> {
  const source = readUrl(keys.get("source"));
  const outgoing = readUrl(keys.get("outgoing"));
  const main = source ?? outgoing;
  if (main === undefined) return unusable(name, "it does not use OAuth2", "mailkey add ADDRESS");
  const address = /<([^<>]+)>\s*$/.exec(keys.get("from") ?? "")?.[1] ?? keys.get("from") ?? main.user;
  const { parameters } = main;
  const token = parameters.get("token_endpoint");
  const id = parameters.get("client_id");
  if (token === null || id === null)
    return unusable(
      address,
      "its URL has no token_endpoint and client_id: another program gets its tokens",
      `mailkey add ${shellWord(address)}`,
    );
  const command = keys.get(main === source ? "source-cred-cmd" : "outgoing-cred-cmd");
  const password = main.password ?? (command === undefined ? undefined : await ports.runCommand?.(command));
  const refreshToken = tokenOf(typeof password === "string" ? password : password?.reveal());
  return {
    address,
    user: main.user,
    client: { id, secret: clientSecretOf(parameters.get("client_secret") ?? undefined) },
    endpoints: { token },
    scopes: scopesIn(parameters.get("scope") ?? undefined),
    servers: { ...source?.servers, ...outgoing?.servers },
    refreshToken,
    notTaken:
      refreshToken !== undefined
        ? []
        : command !== undefined && ports.runCommand === undefined
          ? ["the sign-in: a command prints it, which --run-commands lets mailkey run"]
          : ["the sign-in: there is no refresh token in the file"],
  };
}

interface AercUrl {
  readonly user: string;
  readonly password: string | undefined;
  readonly parameters: URLSearchParams;
  readonly servers: { readonly [P in Protocol]?: MailServer };
}

/** Undefined for a URL without OAuth2. */
function readUrl(text: string | undefined): AercUrl | undefined {
  const [, protocol, secure] = OAUTH_URL.exec(text ?? "") ?? [];
  if (text === undefined || (protocol !== "imap" && protocol !== "smtp")) return undefined;
  // Node parses the parts of a scheme that it knows.
  const asHttp = text.replace(OAUTH_URL, "http://");
  if (!URL.canParse(asHttp)) return undefined;
  const url = new URL(asHttp);
  const security = secure === "s" ? "tls" : "starttls";
  const port = url.port === "" ? PORTS[protocol][security] : Number(url.port);
  return {
    user: decoded(url.username),
    password: url.password === "" ? undefined : decoded(url.password),
    parameters: url.searchParams,
    servers: { [protocol]: { host: url.hostname, port, security } },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
