/** A token file as a mailkey account: what `mailkey import` makes of it. The file itself is only read. */
import type { Account } from "../accounts/account.ts";
import { normaliseAddress } from "../accounts/address.ts";
import { scopesOf } from "../accounts/resolve.ts";
import { readAccount, saveAccount } from "../accounts/store.ts";
import { isMailkeyError, MailkeyError } from "../errors.ts";
import type { OAuthClient } from "../oauth/parties.ts";
import type { Instant } from "../platform/clock.ts";
import { acquireLock } from "../platform/lock.ts";
import type { ClientRegistration, OAuthProvider } from "../providers/provider.ts";
import { findClient, loadProvider, refuseDisabledClient } from "../providers/registry.ts";
import type { Credential } from "../tokens/credential.ts";
import { remainingSeconds } from "../tokens/freshness.ts";
import { CredentialStore, type StorePorts } from "../tokens/store.ts";
import { loadRegistration } from "./registrations.ts";
import { clientOf, signInCommand } from "./renewal.ts";
import type { TokenFile } from "./token-file.ts";

export interface ImportPlan {
  readonly account: Account;
  readonly credential: Credential;
  readonly provider: OAuthProvider;
  /** Undefined for a registration of the user's own. */
  readonly preset: ClientRegistration | undefined;
  /** Seconds that the access token which is carried over still lasts; undefined when there is none. */
  readonly accessTokenSeconds: number | undefined;
}

export interface ImportChoices {
  /** The mailbox, when it is not the one in the file. */
  readonly address?: string | undefined;
  /** For a file that names no client. */
  readonly client?: OAuthClient | undefined;
  readonly now: Instant;
}

/** Long enough for a renewal in progress to end by itself. */
const LOCK_WAIT_MS = 90_000;

/** How people register a client for the script's flows; what they did for device codes does not show in the file. */
const REDIRECTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  microsoft: {
    authcode: ["https://login.microsoftonline.com/common/oauth2/nativeclient"],
    localhostauthcode: ["http://localhost"],
  },
};

/**
 * What importing would make. Nothing is written.
 *
 * @throws ERR_SIGN_IN_AGAIN without a refresh token, ERR_CLIENT_REJECTED for a client known not to work, ERR_CONFIG
 */
export async function planImport(file: TokenFile, choices: ImportChoices): Promise<ImportPlan> {
  const { refreshToken, accessToken } = file;
  const address = mailboxOf(file, choices.address);
  const provider = await providerOf(file, address);
  const client = clientOf(file, choices.client);
  await refuseDeadClient(client.id, address);
  if (refreshToken === undefined) {
    throw new MailkeyError("ERR_SIGN_IN_AGAIN", `there is no refresh token in ${file.path} to carry over`, {
      hint: `mailkey add ${address}, or first: ${signInCommand(file.path)}`,
    });
  }
  const preset = findClient(provider, client.id);
  const redirects = preset === undefined ? REDIRECTS[file.registration]?.[file.authflow] : undefined;
  const left = accessToken === undefined ? 0 : remainingSeconds(accessToken, choices.now);
  const [resource] = provider.resources;
  const account: Account = {
    address,
    provider: provider.id,
    client: {
      id: client.id,
      ...(preset === undefined ? {} : { preset: preset.preset }),
      ...(client.secret === undefined ? {} : { secret: "vault" as const }),
      ...(redirects === undefined ? {} : { redirect_uris: [...redirects] }),
    },
  };
  // When a person signed in is not in the file; that the grant was alive when the file was last written is.
  const lastSeen = accessToken?.obtainedAt ?? { wallMs: file.writtenAtMs };
  const credential: Credential = {
    version: 1,
    refreshToken: refreshToken.reveal(),
    signedInAt: lastSeen,
    refreshedAt: lastSeen,
    accessTokens:
      accessToken === undefined || left <= 0
        ? {}
        : { [resource.name]: { ...accessToken, scope: scopesOf(resource).join(" ") } },
    ...(client.secret === undefined ? {} : { clientSecret: client.secret.reveal() }),
  };
  return { account, credential, provider, preset, accessTokenSeconds: left > 0 ? Math.floor(left) : undefined };
}

/** @throws ERR_CONFIG when there is such an account already */
export function refuseExisting(ports: Pick<StorePorts, "paths">, address: string): void {
  if (readAccount(ports.paths, address) === undefined) return;
  throw new MailkeyError("ERR_CONFIG", `there is an account ${address} already`, {
    hint: "--replace puts the imported one in its place",
  });
}

/** Stores credential and account, in this order: an account without a credential would ask people to sign in. */
export async function storeImport({ account, credential }: ImportPlan, ports: StorePorts): Promise<void> {
  const store = new CredentialStore(ports, account.address);
  const lock = await acquireLock(store.lockPath, { timeoutMs: LOCK_WAIT_MS, clock: ports.clock });
  try {
    await store.save(credential);
    saveAccount(ports.paths, account);
  } finally {
    lock.release();
  }
}

/** A sign-in belongs to its client: when that is dead, nothing of it can be carried over. */
async function refuseDeadClient(id: string, address: string): Promise<void> {
  try {
    await refuseDisabledClient(id);
  } catch (error) {
    if (!isMailkeyError(error, "ERR_CLIENT_REJECTED")) throw error;
    throw new MailkeyError(error.code, error.message, { cause: error, hint: `mailkey add ${address}` });
  }
}

function mailboxOf(file: TokenFile, given: string | undefined): string {
  const address = given ?? file.email;
  if (address === "")
    throw new MailkeyError("ERR_USAGE", `${file.path} names no mailbox`, { hint: "--address you@example.com" });
  normaliseAddress(address);
  return address;
}

/** The script knows one Microsoft; mailkey knows which of its servers are for private people. */
async function providerOf(file: TokenFile, address: string): Promise<OAuthProvider> {
  const { provider } = await loadRegistration(file.registration);
  if (provider.id !== "microsoft") return provider;
  const personal = await loadProvider("microsoft-personal");
  const domain = normaliseAddress(address).split("@").at(-1) ?? "";
  return personal.kind === "oauth2" && personal.domains.includes(domain) ? personal : provider;
}
