/**
 * pizauth. Its configuration has the client; the sign-in is in its memory, and `pizauth dump` writes it in a form that only the same
 * version of pizauth reads.
 */
import { join } from "node:path";
import { shellWord } from "../platform/shell.ts";
import { notUnderstood } from "./foreign-text.ts";
import { clientSecretOf } from "./token-values.ts";
import { unusable, type Found, type ImportPorts, type ImportTool } from "./tool.ts";

/** A string, a list of strings, or names with strings. */
type Value = string | readonly string[] | ReadonlyMap<string, string>;
type Fields = ReadonlyMap<string, Value>;

/** @see https://github.com/ltratt/pizauth/blob/master/src/config.l */
const TOKEN = /\s+|\/\/.*|"(?:\\["\\]|[^"\\])*"|[A-Za-z_0-9]+|[={}[\],;:]/y;

export const pizauth: ImportTool = {
  name: "pizauth",
  title: "pizauth",
  usualFiles: ({ configHome }) => [join(configHome, "pizauth.conf")],
  recognises: (text) => (parseConfiguration(text) ?? []).length > 0,
  async read(file, ports) {
    const accounts = parseConfiguration(file.text);
    if (accounts === undefined) throw notUnderstood(file.path, pizauth.title);
    return accounts.map(({ name, fields }) => foundIn(name, fields, accounts.length === 1 ? ports : undefined));
  },
};

function foundIn(name: string, fields: Fields, ports: ImportPorts | undefined): Found {
  const id = stringAt(fields, "client_id");
  const extra = fields.get("auth_uri_fields");
  const hint = stringAt(fields, "login_hint") ?? (extra instanceof Map ? extra.get("login_hint") : undefined);
  const address = ports?.address ?? hint ?? (name.includes("@") ? name : undefined);
  if (address === undefined)
    return unusable(name, "it does not say whose mailbox it is: there is no login_hint", "--address ADDRESS");
  if (id === undefined) return unusable(address, "it has no client_id", `mailkey add ${shellWord(address)}`);
  const scopes = fields.get("scopes");
  return {
    address,
    client: { id, secret: clientSecretOf(stringAt(fields, "client_secret")) },
    endpoints: { authorization: stringAt(fields, "auth_uri"), token: stringAt(fields, "token_uri") },
    scopes: Array.isArray(scopes) ? (scopes as readonly string[]) : undefined,
    redirectUri: stringAt(fields, "redirect_uri"),
    notTaken: ["the sign-in: pizauth keeps it in its memory"],
  };
}

function stringAt(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" ? value : undefined;
}

/** The accounts of a configuration; undefined for what is none. */
function parseConfiguration(source: string): { name: string; fields: Fields }[] | undefined {
  const accounts: { name: string; fields: Fields }[] = [];
  const tokens = tokensOf(source);
  if (tokens === undefined) return undefined;
  for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
    if (token !== "account") {
      if (parseField(token, tokens) === undefined) return undefined;
      continue;
    }
    const name = tokens.pop() ?? "";
    const fields = new Map<string, Value>();
    if (!name.startsWith('"') || tokens.pop() !== "{") return undefined;
    for (let inner = tokens.pop(); inner !== "}"; inner = tokens.pop()) {
      const value = inner === undefined ? undefined : parseField(inner, tokens);
      if (inner === undefined || value === undefined) return undefined;
      fields.set(inner, value);
    }
    accounts.push({ name: unquoted(name), fields });
  }
  return accounts;
}

/** Takes the rest of `name = value;` off the end. */
function parseField(name: string, tokens: string[]): Value | undefined {
  if (!/^[a-z_]+$/.test(name) || tokens.pop() !== "=") return undefined;
  const first = tokens.pop();
  if (first === undefined) return undefined;
  if (first !== "[" && first !== "{") return tokens.pop() === ";" ? unquoted(first) : undefined;
  const strings: string[] = [];
  const end = first === "[" ? "]" : "}";
  for (let token = tokens.pop(); token !== end; token = tokens.pop()) {
    if (token === undefined) return undefined;
    if (token.startsWith('"')) strings.push(unquoted(token));
  }
  if (tokens.pop() !== ";") return undefined;
  if (first === "[") return strings;
  return new Map(strings.flatMap((key, index) => (index % 2 === 0 ? [[key, strings[index + 1] ?? ""] as const] : [])));
}

/** Last first; undefined when there is something between them that is no token. */
function tokensOf(source: string): string[] | undefined {
  const tokens: string[] = [];
  const next = new RegExp(TOKEN);
  while (next.lastIndex < source.length) {
    const token = next.exec(source)?.[0];
    if (token === undefined) return undefined;
    if (token.trim() !== "" && !token.startsWith("//")) tokens.push(token);
  }
  return tokens.toReversed();
}

function unquoted(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\(["\\])/g, "$1") : token;
}
