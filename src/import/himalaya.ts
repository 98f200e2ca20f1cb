/** himalaya's configuration, up to version 1: the client is in it, its secrets mostly elsewhere. */
import { join } from "node:path";
import * as v from "valibot";
import type { MailServer, Protocol } from "../providers/provider.ts";
import { Secret } from "../platform/secret.ts";
import { notUnderstood, parseToml, shapeOf } from "./foreign-text.ts";
import { tokenOf } from "./token-values.ts";
import { unusable, type Found, type ImportPorts, type ImportTool } from "./tool.ts";

/** @see https://github.com/pimalaya/himalaya/blob/v1.1.0/config.sample.toml */
const SecretSchema = v.union([
  v.string(),
  v.object({
    raw: v.optional(v.string()),
    cmd: v.optional(v.string()),
    command: v.optional(v.string()),
    keyring: v.optional(v.string()),
  }),
]);
const AuthSchema = v.object({
  type: v.literal("oauth2"),
  "client-id": v.string(),
  "client-secret": v.optional(SecretSchema),
  "auth-url": v.optional(v.string()),
  "token-url": v.string(),
  "refresh-token": v.optional(SecretSchema),
  scope: v.optional(v.string()),
  scopes: v.optional(v.array(v.string())),
});
const BackendSchema = v.object({
  type: v.optional(v.string()),
  host: v.optional(v.string()),
  port: v.optional(v.number()),
  encryption: v.optional(v.union([v.string(), v.object({ type: v.optional(v.string()) })])),
  login: v.optional(v.string()),
  auth: v.optional(v.unknown()),
});
const AccountSchema = v.object({
  email: v.string(),
  backend: v.optional(BackendSchema),
  message: v.optional(v.object({ send: v.optional(v.object({ backend: v.optional(BackendSchema) })) })),
});
const ConfigurationSchema = v.object({ accounts: v.record(v.string(), v.unknown()) });

type StoredSecret = v.InferOutput<typeof SecretSchema>;
type Backend = v.InferOutput<typeof BackendSchema>;

export const himalaya: ImportTool = {
  name: "himalaya",
  title: "himalaya",
  usualFiles: ({ home, configHome }) => [join(configHome, "himalaya", "config.toml"), join(home, ".himalayarc")],
  recognises: (text) => shapeOf(ConfigurationSchema, parseToml(text)) !== undefined,
  async read(file, ports) {
    const configuration = shapeOf(ConfigurationSchema, parseToml(file.text));
    if (configuration === undefined) throw notUnderstood(file.path, himalaya.title);
    return Promise.all(Object.entries(configuration.accounts).map(([name, value]) => foundIn(name, value, ports)));
  },
};

async function foundIn(name: string, value: unknown, ports: ImportPorts): Promise<Found> {
  const account = shapeOf(AccountSchema, value);
  const backends = [account?.backend, account?.message?.send?.backend].filter((each) => each !== undefined);
  const oauth = backends.flatMap((backend) => {
    const auth = shapeOf(AuthSchema, backend.auth);
    return auth === undefined ? [] : [{ auth, login: backend.login }];
  });
  const [main] = oauth;
  if (account === undefined || main === undefined)
    return unusable(name, "it does not use OAuth2", "mailkey add ADDRESS");
  const { auth, login } = main;
  const refreshToken = await secretIn(auth["refresh-token"], ports);
  const clientSecret = await clientSecretIn(auth["client-secret"], ports);
  const scopes = oauth.flatMap((each) => each.auth.scopes ?? (each.auth.scope === undefined ? [] : [each.auth.scope]));
  return {
    address: account.email,
    user: login,
    client: { id: auth["client-id"], secret: clientSecret },
    endpoints: { authorization: auth["auth-url"], token: auth["token-url"] },
    scopes: scopes.length === 0 ? undefined : [...new Set(scopes)],
    servers: Object.fromEntries(backends.flatMap(serverIn)),
    refreshToken: tokenOf(refreshToken?.reveal()),
    notTaken: [
      ...(refreshToken === undefined ? [missing("the sign-in", auth["refresh-token"], ports)] : []),
      ...(clientSecret === undefined && auth["client-secret"] !== undefined
        ? [missing("the client secret", auth["client-secret"], ports)]
        : []),
    ],
  };
}

async function secretIn(secret: StoredSecret | undefined, ports: ImportPorts): Promise<Secret | undefined> {
  if (secret === undefined) return undefined;
  const raw = typeof secret === "string" ? secret : secret.raw;
  if (raw !== undefined) return raw === "" ? undefined : new Secret(raw);
  const command = commandIn(secret);
  return command === undefined ? undefined : ports.runCommand?.(command);
}

/** An account of mailkey's can name a command for it, which would then be run at each renewal: that, too, the user has to allow. */
async function clientSecretIn(
  secret: StoredSecret | undefined,
  ports: ImportPorts,
): Promise<Secret | { readonly command: string } | undefined> {
  const command = secret === undefined ? undefined : commandIn(secret);
  if (command === undefined) return secretIn(secret, ports);
  return ports.runCommand === undefined ? undefined : { command };
}

function commandIn(secret: StoredSecret): string | undefined {
  return typeof secret === "string" ? undefined : (secret.cmd ?? secret.command);
}

function missing(what: string, secret: StoredSecret | undefined, { runCommand }: ImportPorts): string {
  if (secret !== undefined && commandIn(secret) !== undefined && runCommand === undefined)
    return `${what}: a command prints it, which --run-commands lets mailkey run`;
  return `${what}: it is not in the file: himalaya keeps it in the keyring`;
}

function serverIn({ type, host, port, encryption }: Backend): [Protocol, MailServer][] {
  const kind = typeof encryption === "string" ? encryption : encryption?.type;
  if (host === undefined || port === undefined || (type !== "imap" && type !== "smtp") || kind === "none") return [];
  return [[type, { host, port, security: kind === "start-tls" ? "starttls" : "tls" }]];
}
