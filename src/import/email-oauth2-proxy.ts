/**
 * email-oauth2-proxy's `emailproxy.config`. Tokens are in it, encrypted with the password that mail programs give the proxy.
 *
 * A section `[@domain]` has the client of every mailbox there; which server a mailbox is at is known to its mail program only.
 */
import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { shellWord } from "../platform/shell.ts";
import { isSameAddress } from "../accounts/address.ts";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { MailkeyError } from "../errors.ts";
import { decryptFernet } from "./fernet.ts";
import { notUnderstood } from "./foreign-text.ts";
import { parseIni, type Ini } from "./ini.ts";
import { accessTokenUntil, clientSecretOf, scopesIn, tokenOf } from "./token-values.ts";
import { unusable, type ForeignFile, type Found, type ImportPorts, type ImportTool } from "./tool.ts";

const DIALECT = { delimiters: /[=:]/, continuations: true, repeats: false } as const;
const SERVER = /^(IMAP|POP|SMTP)-\d+$/;
/** What the sample has where the user's own is to be. */
const SAMPLE = "*** your";
/** What the proxy used before it wrote the number down. */
const OLD_ITERATIONS = 100_000;
/** Ten times what the proxy uses: a file that wants more is meant to keep the machine busy. */
const MOST_ITERATIONS = 12_000_000;
/** A hundred mailboxes as the proxy makes them; more would be a matter of minutes. */
const MOST_ITERATIONS_IN_ALL = 150_000_000;
const KEY_BYTES = 32;
const TRIES = 3;

/** What all mailboxes of a file have in common. */
interface Configuration extends Pick<ForeignFile, "modifiedMs"> {
  readonly sections: Ini;
  readonly servers: { readonly [P in Protocol]?: MailServer };
}

/** An account's keys, those of its domain's section behind them. */
type Get = (key: string) => string | undefined;

export const emailOauth2Proxy: ImportTool = {
  name: "email-oauth2-proxy",
  title: "email-oauth2-proxy",
  usualFiles: ({ home, configHome }) => [`${home}/emailproxy.config`, `${configHome}/emailproxy.config`],
  recognises: (text) =>
    [...(parseIni(text, DIALECT) ?? [])].some(
      ([name, keys]) => SERVER.test(name) || (name.includes("@") && keys.has("token_url")),
    ),
  async read(file, ports) {
    const sections = parseIni(file.text, DIALECT);
    if (sections === undefined) throw notUnderstood(file.path, emailOauth2Proxy.title);
    const found: Found[] = [];
    const names = [...sections.keys()].filter((name) => name.includes("@") && !name.startsWith("@"));
    const { address } = ports;
    const matching = address === undefined ? [] : names.filter((name) => isSameAddress(name, address));
    const wanted = matching.length > 0 ? matching : names; // those that nobody wants are not asked about
    refuseTooMuchWork(file.path, wanted, sections);
    const configuration = { sections, servers: onlyServers(sections), modifiedMs: file.modifiedMs };
    // One after the other: each may ask for a password.
    for (const name of wanted) found.push(await foundIn(name, configuration, ports));
    return found;
  },
};

/** @throws ERR_CONFIG */
function refuseTooMuchWork(path: string, names: readonly string[], sections: Ini): void {
  const iterations = names
    .map((name) => getter(name, sections))
    .flatMap((get) => (get("token_salt") === undefined ? [] : iterationsOf(get)))
    .reduce((sum, each) => sum + each, 0);
  if (iterations <= MOST_ITERATIONS_IN_ALL) return;
  throw new MailkeyError("ERR_CONFIG", `decrypting all the sign-ins in ${path} would take too long`, {
    hint: "one mailbox at a time: --address ADDRESS",
  });
}

async function foundIn(
  address: string,
  { sections, servers, modifiedMs }: Configuration,
  ports: ImportPorts,
): Promise<Found> {
  if (!isSameAddress(address, address)) return unusable(address, "it is not an e-mail address");
  const get = getter(address, sections);
  const id = get("client_id");
  const token = get("token_url");
  const flow =
    get("oauth2_flow") ?? (get("permission_url") === undefined ? "client_credentials" : "authorization_code");
  if (id === undefined || token === undefined || id.startsWith(SAMPLE))
    return unusable(address, "it has no client_id and token_url of its own", `mailkey add ${shellWord(address)}`);
  if (flow === "password" || flow === "service_account")
    return unusable(
      address,
      `it uses the grant ${flow}, which is not carried over`,
      `mailkey add ${shellWord(address)}`,
    );
  const isPersons = flow !== "client_credentials";
  const secrets = await decryptedSecrets(address, get, ports);
  const refreshToken = isPersons ? tokenOf(secrets?.refresh_token) : undefined;
  const plainSecret = get("client_secret");
  const key = get("jwt_key_path");
  const certificate = get("jwt_certificate_path");
  return {
    address,
    client: {
      id,
      secret: clientSecretOf(
        plainSecret?.startsWith(SAMPLE) === true ? undefined : (plainSecret ?? secrets?.client_secret_encrypted),
      ),
      ...(key === undefined ? {} : { key: { file: key, ...(certificate === undefined ? {} : { certificate }) } }),
    },
    grant: isPersons ? undefined : "client_credentials",
    endpoints:
      flow === "device" ? { token, device: get("permission_url") } : { token, authorization: get("permission_url") },
    scopes: scopesIn(get("oauth2_scope")),
    redirectUri: get("redirect_uri"),
    servers,
    refreshToken,
    accessToken: accessTokenUntil(secrets?.access_token, Number(get("access_token_expiry") ?? 0), modifiedMs),
    notTaken: isPersons && refreshToken === undefined ? [whyNoSignIn(get, secrets)] : [],
  };
}

function whyNoSignIn(get: Get, secrets: Decrypted | undefined): string {
  if (get("refresh_token") === undefined) return "the sign-in: there is none in the file";
  return secrets === undefined
    ? "the sign-in: the password that encrypts it was not given, or is another one"
    : "the sign-in: what is in the file is no token";
}

function getter(address: string, sections: Ini): Get {
  const places = [address, `@${address.split("@").at(-1) ?? ""}`, "@"];
  return (key) => {
    const value = places.map((place) => sections.get(place)?.get(key)).find((each) => each !== undefined);
    return value?.replaceAll("%%", "%"); // Python's configparser: a lone one begins an interpolation
  };
}

/** The server of each protocol, where the file has one only: with several, mail programs choose. */
function onlyServers(sections: Ini): Configuration["servers"] {
  const all = [...sections].flatMap(([name, keys]): [Protocol, MailServer][] => {
    const protocol = SERVER.exec(name)?.[1]?.toLowerCase();
    const host = keys.get("server_address");
    if (host === undefined || (protocol !== "imap" && protocol !== "pop" && protocol !== "smtp")) return [];
    const isStarttls = /^(?:1|yes|true|on)$/i.test(keys.get("server_starttls") ?? keys.get("starttls") ?? "");
    return [[protocol, { host, port: Number(keys.get("server_port")), security: isStarttls ? "starttls" : "tls" }]];
  });
  const ofEach = (["imap", "pop", "smtp"] as const).map((each) => all.filter(([protocol]) => protocol === each));
  return Object.fromEntries(ofEach.filter((servers) => servers.length === 1).flat());
}

const ENCRYPTED = ["refresh_token", "access_token", "client_secret_encrypted"] as const;
type Decrypted = { readonly [K in (typeof ENCRYPTED)[number]]?: string };

/** Undefined without the right password. */
async function decryptedSecrets(address: string, get: Get, ports: ImportPorts): Promise<Decrypted | undefined> {
  const salt = get("token_salt");
  const present = ENCRYPTED.flatMap((key) => {
    const value = get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  if (salt === undefined || present.length === 0) return {};
  for (let tries = 0; tries < TRIES; tries += 1) {
    const password = await ports.askPassword(address, tries > 0);
    if (password === undefined) return undefined;
    for (const iterations of iterationsOf(get)) {
      const key = await promisify(pbkdf2)(
        password.reveal(),
        Buffer.from(salt, "base64"),
        iterations,
        KEY_BYTES,
        "sha256",
      );
      const values = present.map(([name, token]) => [name, decryptFernet(token, key)] as const);
      const [first] = values;
      if (first?.[1] === undefined) continue;
      return Object.fromEntries(
        values.flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, new TextDecoder().decode(bytes)]])),
      );
    }
  }
  return undefined;
}

function iterationsOf(get: Get): number[] {
  const stated = Number(get("token_iterations") ?? OLD_ITERATIONS);
  const isSane = Number.isInteger(stated) && stated > 0 && stated <= MOST_ITERATIONS;
  return [...new Set([...(isSane ? [stated] : []), OLD_ITERATIONS])];
}
