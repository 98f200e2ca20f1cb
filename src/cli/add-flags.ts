/** The flags of `mailkey add`, and what is made of those that have a form of their own. */
import { MailkeyError } from "../errors.ts";
import type { Endpoints, MailServer, Protocol } from "../providers/provider.ts";
import { FLOWS } from "../signin/choose.ts";
import type { OptionSpecs, Values } from "./command.ts";

/** `login` has it too. */
export const RESOURCE_OPTION = {
  type: "string",
  value: "NAME",
  multiple: true,
  summary: "consent to this resource as well (graph), in a browser; repeatable",
} as const;

export const ADD_OPTIONS = {
  provider: {
    type: "string",
    value: "ID",
    complete: "provider",
    summary: 'who hosts the mailbox (see "mailkey providers"), or custom',
  },
  client: {
    type: "string",
    value: "NAME",
    summary: "the registration to use: a name that the provider's page lists, or an id",
  },
  "client-id": { type: "string", value: "ID", summary: "a registration of your own" },
  "client-secret-file": { type: "string", value: "FILE", summary: "a private file with its secret" },
  "client-secret-command": { type: "string", value: "COMMAND", summary: "a command that prints its secret" },
  certificate: { type: "string", value: "FILE", summary: "its certificate (PEM), in the place of a secret" },
  key: { type: "string", value: "FILE", summary: "the certificate's private key (PEM), when it is in another file" },
  "key-passphrase-file": { type: "string", value: "FILE", summary: "a private file with the key's passphrase" },
  "key-passphrase-command": { type: "string", value: "COMMAND", summary: "a command that prints it" },
  "client-expires": { type: "string", value: "DATE", summary: "when the secret ends (2027-01-31): status then warns" },
  "redirect-uri": { type: "string", value: "URI", summary: "the redirect it is registered with" },
  tenant: { type: "string", value: "TENANT", summary: "the organisation at Microsoft: its tenant id or a domain" },
  "app-only": { type: "boolean", summary: "nobody signs in: the registration itself may open the mailbox" },
  "catch-all": {
    type: "string",
    value: "DOMAIN",
    summary: "with --app-only: the proxy opens all mailboxes of DOMAIN with it",
  },
  "service-account": {
    type: "string",
    value: "FILE",
    summary: "nobody signs in: Google's key file of a service account",
  },
  "key-in-vault": { type: "boolean", summary: "keep a copy of that key file in the vault, and not need it again" },
  share: { type: "string", value: "ADDRESS", summary: "open the mailbox with this account's sign-in" },
  issuer: { type: "string", value: "URL", summary: "ask this issuer for its endpoints" },
  "issuer-id": { type: "string", value: "URL", summary: "the issuer's identifier, where it is not asked" },
  "authorization-endpoint": { type: "string", value: "URL", summary: "where people sign in" },
  "token-endpoint": { type: "string", value: "URL", summary: "where tokens come from" },
  "device-endpoint": { type: "string", value: "URL", summary: "where device codes come from" },
  "revocation-endpoint": { type: "string", value: "URL", summary: "where tokens are revoked" },
  imap: { type: "string", value: "HOST:PORT", summary: "IMAP server; append :starttls where TLS starts later" },
  pop: { type: "string", value: "HOST:PORT", summary: "POP3 server" },
  smtp: { type: "string", value: "HOST:PORT", summary: "submission server" },
  scope: {
    type: "string",
    value: "SCOPE",
    multiple: true,
    summary: "ask for this scope instead of the usual ones; repeatable",
  },
  resource: RESOURCE_OPTION,
  user: { type: "string", value: "NAME", summary: "the mail servers' user name, when it is not the address" },
  "login-as": { type: "string", value: "ADDRESS", summary: "who signs in, for a shared mailbox or an alias" },
  flow: {
    type: "string",
    value: "FLOW",
    choices: FLOWS,
    summary: "loopback, paste or device, instead of what fits best",
  },
  "no-browser": { type: "boolean", summary: "open no browser" },
  "no-test": { type: "boolean", summary: "do not log in to the mail servers afterwards" },
  replace: { type: "boolean", summary: "replace the account if there is one" },
  json: { type: "boolean", summary: "ask nothing; print a JSON object, and progress as JSON lines on standard error" },
} as const satisfies OptionSpecs;

export type AddValues = Values<typeof ADD_OPTIONS>;

/** Endpoints given one by one; undefined when there are none. */
export function endpointsFrom(values: AddValues): Endpoints | undefined {
  const given = {
    authorization: values["authorization-endpoint"],
    token: values["token-endpoint"],
    device: values["device-endpoint"],
    revocation: values["revocation-endpoint"],
    issuer: values["issuer-id"],
  };
  for (const [name, url] of Object.entries(given)) {
    if (url !== undefined && !(URL.canParse(url) && new URL(url).protocol === "https:"))
      throw usage(`--${name === "issuer" ? "issuer-id" : `${name}-endpoint`} is an https:// URL`);
  }
  const present = Object.fromEntries(Object.entries(given).filter(([, url]) => url !== undefined)) as Endpoints;
  return Object.keys(present).length === 0 ? undefined : present;
}

/** Ports at which TLS starts with a command. @see RFC 8314 3; 25 is for relays, and never meant here */
const STARTTLS_PORTS: ReadonlySet<number> = new Set([110, 143, 587]);

/** Servers given on the command line; undefined when there are none. */
export function serversFrom(values: AddValues): { readonly [P in Protocol]?: MailServer } | undefined {
  const given: { [P in Protocol]?: MailServer } = {};
  for (const protocol of ["imap", "pop", "smtp"] as const) {
    const text = values[protocol];
    if (text !== undefined) given[protocol] = parseServer(protocol, text);
  }
  return Object.keys(given).length === 0 ? undefined : given;
}

function parseServer(protocol: Protocol, text: string): MailServer {
  const parts = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):(\d{1,5})(?::(tls|starttls))?$/i.exec(text);
  const [, host, digits, security] = parts ?? [];
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw usage(`--${protocol} is HOST:PORT, or HOST:PORT:starttls, not ${JSON.stringify(text.slice(0, 80))}`);
  const usual = STARTTLS_PORTS.has(port) ? "starttls" : "tls";
  return {
    host: host.replace(/[[\]]/g, ""),
    port,
    security: security === undefined ? usual : (security.toLowerCase() as MailServer["security"]),
  };
}

export function usage(message: string): MailkeyError {
  return new MailkeyError("ERR_USAGE", message, { hint: "mailkey help add" });
}
