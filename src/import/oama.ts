/**
 * oama: clients in `config.yaml`, a record with the tokens of each mailbox beside it, encrypted by gpg or in the keyring.
 *
 * Either file can be imported: the configuration brings all records that are found, a record brings its client from the configuration.
 */
import { basename, join, resolve } from "node:path";
import * as v from "valibot";
import { listFolder, resolveLink } from "../platform/files.ts";
import type { Secret } from "../platform/secret.ts";
import { notUnderstood, parseJson, parseYaml, shapeOf } from "./foreign-text.ts";
import { accessTokenUntil, clientSecretOf, scopesIn, tokenOf } from "./token-values.ts";
import { unusable, type ForeignFile, type Found, type ImportPorts, type ImportTool } from "./tool.ts";

const setting = v.nullish(v.string());
/** @see https://github.com/pdobsan/oama/blob/main/lib/OAMa/Environment.hs */
const ServiceSchema = v.object({
  client_id: setting,
  client_id_cmd: setting,
  client_secret: setting,
  client_secret_cmd: setting,
  auth_endpoint: setting,
  token_endpoint: setting,
  auth_scope: setting,
  tenant: setting,
  redirect_uri: setting,
});
const ConfigurationSchema = v.object({
  encryption: v.object({ tag: v.string() }),
  services: v.record(v.string(), ServiceSchema),
});
const RecordSchema = v.object({
  email: v.nullish(v.string()),
  service: v.string(),
  scope: setting,
  refresh_token: setting,
  access_token: v.string(),
  token_type: v.string(),
  exp_date: setting,
});

type Service = v.InferOutput<typeof ServiceSchema>;
type Services = Readonly<Record<string, Service>>;

/** What oama takes for the services that it knows. */
const BUILT_IN: Readonly<Record<string, { readonly authorization: string; readonly token: string }>> = {
  google: {
    authorization: "https://accounts.google.com/o/oauth2/auth",
    token: "https://accounts.google.com/o/oauth2/token",
  },
  microsoft: {
    authorization: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
  },
};
const RECORD_NAME = /\.(?:oauth|oama)$/;

export const oama: ImportTool = {
  name: "oama",
  title: "oama",
  usualFiles: ({ configHome }) => [configurationPath(configHome)],
  recognises: (text) =>
    shapeOf(RecordSchema, parseJson(text)) !== undefined || shapeOf(ConfigurationSchema, parseYaml(text)) !== undefined,
  async read(file, ports) {
    const record = shapeOf(RecordSchema, parseJson(file.text));
    if (record !== undefined) {
      const configuration = await ports.readFile(configurationPath(ports.configHome));
      const services = shapeOf(ConfigurationSchema, parseYaml(configuration?.text ?? ""))?.services ?? {};
      return [await foundIn(file, services, ports)];
    }
    const configuration = shapeOf(ConfigurationSchema, parseYaml(file.text));
    if (configuration === undefined) throw notUnderstood(file.path, oama.title);
    const { services, encryption } = configuration;
    const own = configurationPath(ports.configHome);
    // Its endpoints would get the sign-ins that are in the records.
    if (resolveLink(resolve(file.path)) !== resolveLink(own))
      return [unusable(file.path, `it is not oama's own configuration, whose records are not for others: ${own}`)];
    const records = encryption.tag === "GPG" ? await filesOf(ports) : await keyringItem(file, ports);
    if (records.length > 0) return Promise.all(records.map((each) => foundIn(each, services, ports)));
    return [unusable(file.path, whyNoRecords(encryption.tag, ports))];
  },
};

function configurationPath(configHome: string): string {
  return join(configHome, "oama", "config.yaml");
}

/** The encrypted records, where oama keeps them now and where it did. */
async function filesOf(ports: ImportPorts): Promise<ForeignFile[]> {
  const folders = [join(ports.stateHome, "oama"), join(ports.home, ".local", "var", "oama")];
  const paths = folders.flatMap((folder) =>
    listFolder(folder)
      .filter((name) => RECORD_NAME.test(name))
      .map((name) => join(folder, name)),
  );
  const files: ForeignFile[] = [];
  // One after the other: each may make gpg ask for a passphrase.
  for (const path of paths) {
    const file = await ports.readFile(path);
    if (file !== undefined) files.push(file);
  }
  return files;
}

async function keyringItem(file: ForeignFile, ports: ImportPorts): Promise<ForeignFile[]> {
  if (ports.address === undefined) return [];
  const item = await ports.lookUp("oama", ports.address);
  return item === undefined ? [] : [{ ...file, text: item.reveal() }];
}

function whyNoRecords(tag: string, { address }: ImportPorts): string {
  if (tag === "GPG") return "there are no records of mailboxes beside it";
  return address === undefined
    ? "its records are in the keyring, which does not list them: name the mailbox with --address"
    : `the keyring has no record of ${address}`;
}

async function foundIn(file: ForeignFile, services: Services, ports: ImportPorts): Promise<Found> {
  const record = shapeOf(RecordSchema, parseJson(file.text));
  const name = basename(file.path).replace(RECORD_NAME, "");
  if (record === undefined) return unusable(name, "its record cannot be understood");
  const address = ports.address ?? record.email ?? name;
  const service = Object.hasOwn(services, record.service) ? services[record.service] : undefined;
  const id = ports.clientFor("")?.id ?? (await clientIdOf(service, ports));
  if (id === undefined) {
    const called = JSON.stringify(record.service).slice(0, 60);
    return unusable(address, `there is no client_id for ${called} in oama's config.yaml`, "--client-id ID");
  }
  const refreshToken = tokenOf(record.refresh_token ?? undefined);
  const secret = secretOf(service, ports);
  const isSecretLeft = secret === undefined && typeof service?.client_secret_cmd === "string";
  return {
    address,
    client: { id, secret },
    endpoints: endpointsOf(record.service, service),
    scopes: scopesIn(record.scope ?? service?.auth_scope ?? undefined),
    redirectUri: service?.redirect_uri ?? undefined,
    refreshToken,
    accessToken: accessTokenUntil(record.access_token, secondsOf(record.exp_date ?? ""), file.modifiedMs),
    notTaken: [
      ...(refreshToken === undefined ? ["the sign-in: there is no refresh token in the record"] : []),
      ...(isSecretLeft ? ["the client secret: a command prints it, which --run-commands lets mailkey run"] : []),
    ],
  };
}

async function clientIdOf(service: Service | undefined, { runCommand }: ImportPorts): Promise<string | undefined> {
  const command = service?.client_id_cmd ?? undefined;
  if (command !== undefined && runCommand !== undefined) return (await runCommand(command)).reveal();
  return service?.client_id ?? undefined;
}

/** A command is kept as one, to be run at each renewal, where the user allows commands of the file's. */
function secretOf(
  service: Service | undefined,
  { runCommand }: ImportPorts,
): Secret | { readonly command: string } | undefined {
  const command = service?.client_secret_cmd ?? undefined;
  if (command === undefined) return clientSecretOf(service?.client_secret ?? undefined);
  return runCommand === undefined ? undefined : { command: command.trim() };
}

function endpointsOf(name: string, service: Service | undefined) {
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  const ofTenant = (url: string | undefined) =>
    name === "microsoft" && url !== undefined ? url.replace("/common/", `/${service?.tenant ?? "common"}/`) : url;
  const authorization = ofTenant(service?.auth_endpoint ?? builtIn?.authorization);
  const token = ofTenant(service?.token_endpoint ?? builtIn?.token);
  return authorization?.endsWith("/devicecode") === true ? { token, device: authorization } : { token, authorization };
}

/** `2026-11-24 09:15 UTC`, five minutes before the end. */
function secondsOf(date: string): number | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC$/.exec(date) ?? [];
  return day === undefined || time === undefined ? undefined : Date.parse(`${day}T${time}:00Z`) / 1000;
}
