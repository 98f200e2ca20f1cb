/** The second step of `mailkey add`: whose application signs in, and where its secret is. */
import { resolve } from "node:path";
import type { Account } from "../accounts/account.ts";
import { MailkeyError } from "../errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { ClientRegistration, OAuthProvider } from "../providers/provider.ts";
import { defaultClient, findClient, refuseDisabledClient } from "../providers/registry.ts";
import { redirectKind } from "../signin/redirect.ts";
import type { KeptSecrets } from "../tokens/sign-in.ts";
import { usage, type AddValues } from "./add-flags.ts";
import type { Asker } from "./ask.ts";
import { shortName } from "./sign-in-account.ts";

export interface ClientChoice {
  readonly part: Pick<Account, "client" | "grant" | "service_account" | "endpoints">;
  /** Typed or read just now, to be kept in the vault. */
  readonly kept: KeptSecrets;
  /** One or two lines for people: whose registration it is, and what the provider will show. */
  readonly told: string;
}

/** @param provider undefined for `custom`, which has no known registrations */
export async function chooseClient(
  provider: OAuthProvider | undefined,
  values: AddValues,
  asker: Asker | undefined,
): Promise<ClientChoice> {
  const { id, registration } = await whichClient(provider, values, asker);
  await refuseDisabledClient(id);
  const key = keyFrom(values);
  const { secret, place } = key === undefined ? await whichSecret(registration, values, asker) : NO_SECRET;
  const redirectUri = values["redirect-uri"];
  if (redirectUri !== undefined && redirectKind(redirectUri) === "unusable")
    throw usage("--redirect-uri leads to somebody else: mailkey can use localhost, nativeclient and out-of-band ones");
  const expires = values["client-expires"];
  return {
    kept: secret === undefined ? {} : { clientSecret: secret.reveal() },
    told: toldOf(registration, provider, id),
    part: {
      client: {
        id,
        ...(registration === undefined ? {} : { preset: registration.preset }),
        ...(place === undefined ? {} : { secret: place }),
        ...(key === undefined ? {} : { key }),
        ...(expires === undefined ? {} : { expires }),
        ...(redirectUri === undefined ? {} : { redirect_uris: [redirectUri] }),
      },
    },
  };
}

/** A certificate and its key are often in one file. */
function keyFrom(values: AddValues): Account["client"]["key"] {
  const { certificate, key = certificate } = values;
  if (key === undefined) return undefined;
  if (values["client-secret-file"] !== undefined || values["client-secret-command"] !== undefined)
    throw usage("a client has a secret or a key, not both");
  const file = values["key-passphrase-file"];
  const command = values["key-passphrase-command"];
  if (file !== undefined && command !== undefined)
    throw usage("--key-passphrase-file and --key-passphrase-command exclude each other");
  return {
    file: settingsPath(key),
    ...(certificate === undefined ? {} : { certificate: settingsPath(certificate) }),
    ...(file === undefined ? {} : { passphrase: { file: settingsPath(file) } }),
    ...(command === undefined ? {} : { passphrase: { command } }),
  };
}

/** A path as the account file has it: good from every folder, and `~` left to whoever reads it. */
export function settingsPath(path: string): string {
  return path.startsWith("~/") ? path : resolve(path);
}

const NO_SECRET = { secret: undefined, place: undefined };

interface Which {
  readonly id: string;
  readonly registration: ClientRegistration | undefined;
}

async function whichClient(
  provider: OAuthProvider | undefined,
  values: AddValues,
  asker: Asker | undefined,
): Promise<Which> {
  const given = values["client-id"] ?? values.client;
  if (given !== undefined) {
    const registration = provider === undefined ? undefined : findClient(provider, given);
    if (registration === undefined && values["client-id"] === undefined) refuseMisspeltPreset(provider, given);
    return { id: registration?.id ?? given, registration };
  }
  const usual = provider === undefined ? undefined : defaultClient(provider);
  if (usual !== undefined) return { id: usual.id, registration: usual };
  const name = provider?.name ?? "a custom provider";
  if (asker === undefined) {
    throw new MailkeyError("ERR_USAGE", `${name} has no registration that works for everybody`, {
      hint: "--client-id ID, with a registration of your own: docs/signin.md says how to get one",
    });
  }
  const id = await asker.text(
    `Client id of your own registration at ${name} (docs/signin.md says how to get one)`,
    "",
    (answer) => (/^[\u0021-\u007e]+$/.test(answer) ? undefined : "a client id has no spaces and is not empty"),
  );
  return { id, registration: provider === undefined ? undefined : findClient(provider, id) };
}

/** Ids have digits; a plain word was meant as a name. */
function refuseMisspeltPreset(provider: OAuthProvider | undefined, given: string): void {
  if (provider === undefined || /[^a-z-]/.test(given)) return;
  const presets = provider.clients.filter((client) => client.disabled === undefined).map((client) => client.preset);
  throw new MailkeyError("ERR_USAGE", `${provider.name} has no registration called ${JSON.stringify(given)}`, {
    hint: presets.length === 0 ? "--client-id ID" : `--client ${presets.join(" | ")}, or --client-id ID`,
  });
}

async function whichSecret(
  registration: ClientRegistration | undefined,
  values: AddValues,
  asker: Asker | undefined,
): Promise<{ secret: Secret | undefined; place: Account["client"]["secret"] }> {
  const file = values["client-secret-file"];
  const command = values["client-secret-command"];
  if (file !== undefined && command !== undefined)
    throw usage("--client-secret-file and --client-secret-command exclude each other");
  if (file !== undefined) return { secret: undefined, place: { file: settingsPath(file) } };
  if (command !== undefined) return { secret: undefined, place: { command } };
  if (registration !== undefined && !registration.secretRequired) return { secret: undefined, place: undefined };
  if (asker === undefined) {
    if (registration === undefined) return { secret: undefined, place: undefined };
    throw new MailkeyError("ERR_USAGE", `${registration.name}'s registration needs its secret`, {
      hint: "--client-secret-file FILE, or --client-secret-command COMMAND",
    });
  }
  const secret = await asker.secret(
    registration === undefined ? "Client secret (empty for a public client)" : `Client secret of ${registration.name}`,
  );
  return secret.reveal() === "" ? { secret: undefined, place: undefined } : { secret, place: "vault" };
}

function toldOf(registration: ClientRegistration | undefined, provider: OAuthProvider | undefined, id: string): string {
  return registration === undefined
    ? `Signs in with your own registration (${id}).`
    : `Signs in with ${registration.name}'s registration: ${shortName(provider?.name ?? "the provider")} will show that name.`;
}
