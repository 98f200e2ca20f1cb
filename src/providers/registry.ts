/**
 * The registry: every provider mailkey knows, one data file each, loaded when asked for. A token needs one of them, so
 * one is what it loads; only discovery and listings load all.
 */
import { MailkeyError } from "../errors.ts";
import type { ClientRegistration, OAuthProvider, Provider } from "./provider.ts";

/** Literal imports, so that a bundler can split them. The order is the order of listings and of equal matches. */
const LOADERS = {
  microsoft: async () => (await import("./data/microsoft.ts")).microsoft,
  "microsoft-personal": async () => (await import("./data/microsoft-personal.ts")).microsoftPersonal,
  "microsoft-gcc-high": async () => (await import("./data/microsoft-gcc-high.ts")).microsoftGccHigh,
  "microsoft-dod": async () => (await import("./data/microsoft-dod.ts")).microsoftDod,
  "microsoft-21vianet": async () => (await import("./data/microsoft-21vianet.ts")).microsoft21Vianet,
  google: async () => (await import("./data/google.ts")).google,
  yahoo: async () => (await import("./data/yahoo.ts")).yahoo,
  aol: async () => (await import("./data/aol.ts")).aol,
  fastmail: async () => (await import("./data/fastmail.ts")).fastmail,
  yandex: async () => (await import("./data/yandex.ts")).yandex,
  mailru: async () => (await import("./data/mailru.ts")).mailru,
  comcast: async () => (await import("./data/comcast.ts")).comcast,
  seznam: async () => (await import("./data/seznam.ts")).seznam,
  thundermail: async () => (await import("./data/thundermail.ts")).thundermail,
  zoho: async () => (await import("./data/zoho.ts")).zoho,
  icloud: async () => (await import("./data/icloud.ts")).icloud,
  proton: async () => (await import("./data/proton.ts")).proton,
  gmx: async () => (await import("./data/gmx.ts")).gmx,
  webde: async () => (await import("./data/webde.ts")).webde,
} as const satisfies Readonly<Record<string, () => Promise<Provider>>>;

export type ProviderId = keyof typeof LOADERS;

/** Every id, in the order of listings. `custom` is not one: its facts are the account's own. */
export const PROVIDER_IDS: readonly ProviderId[] = Object.keys(LOADERS) as ProviderId[];

/** @throws ERR_PROVIDER_UNKNOWN */
export async function loadProvider(id: string): Promise<Provider> {
  if (!Object.hasOwn(LOADERS, id)) {
    throw new MailkeyError("ERR_PROVIDER_UNKNOWN", `no provider is called ${JSON.stringify(id)}`, {
      hint: "mailkey providers",
    });
  }
  return LOADERS[id as ProviderId]();
}

export function loadAllProviders(): Promise<Provider[]> {
  return Promise.all(Object.values(LOADERS).map((load): Promise<Provider> => load()));
}

/** The registration of that preset or client id, the disabled ones included; undefined for one of the user's own. */
export function findClient(provider: OAuthProvider, idOrPreset: string): ClientRegistration | undefined {
  return provider.clients.find((client) => client.preset === idOrPreset || client.id === idOrPreset);
}

/** The registration used when the user names none: the first that works without a secret. Undefined when there is none. */
export function defaultClient(provider: OAuthProvider): ClientRegistration | undefined {
  return provider.clients.find((client) => client.disabled === undefined && !client.secretRequired);
}

/**
 * Refuses a client id that is known not to work, whichever provider it belongs to. Presets are no ids: find them first.
 *
 * @throws ERR_CLIENT_REJECTED with the reason, and what to use instead
 */
export async function refuseDisabledClient(id: string): Promise<void> {
  for (const provider of await loadAllProviders()) {
    if (provider.kind !== "oauth2") continue;
    const client = provider.clients.find((candidate) => candidate.id === id.toLowerCase() || candidate.id === id);
    if (client?.disabled !== undefined) throw clientRejected(provider, client, client.disabled);
  }
}

function clientRejected(provider: OAuthProvider, client: ClientRegistration, reason: string): MailkeyError {
  const instead = defaultClient(provider);
  return new MailkeyError("ERR_CLIENT_REJECTED", `client ${client.id} (${client.name}) cannot be used: ${reason}`, {
    hint:
      instead === undefined
        ? `register a client of your own at ${provider.name}`
        : `mailkey add ADDRESS --client ${instead.preset}`,
    details: { clientId: client.id, provider: provider.id, preset: client.preset },
  });
}
