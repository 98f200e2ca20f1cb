/** What `list`, `status` and `show` tell of an account, gathered once. Reads no vault. */
import { clientEndsAtMs } from "../accounts/client-key.ts";
import { loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { listAddresses, requireAccount } from "../accounts/store.ts";
import { isMailkeyError } from "../errors.ts";
import { remainingSeconds } from "../tokens/freshness.ts";
import { healthOf, secondsSince, signInEnding, type Health, type SignInEnding } from "../tokens/health.ts";
import { readRecord, recordPath, type CredentialRecord } from "../tokens/record.ts";
import { openVault } from "../vault/open.ts";
import type { Context } from "./context.ts";
import type { Tone } from "./table.ts";

export interface Overview {
  readonly address: string;
  /** Undefined when the account file cannot be used; `problem` then says why. */
  readonly account: ResolvedAccount | undefined;
  readonly problem: string | undefined;
  readonly record: CredentialRecord | undefined;
  readonly health: Health | "misconfigured";
  /** Of the default resource; 0 or less when it is over, undefined when there is none. */
  readonly accessTokenSeconds: number | undefined;
  readonly accessTokenAgeSeconds: number | undefined;
  readonly signedInSeconds: number | undefined;
  readonly signInEnding: SignInEnding | undefined;
  /** Until the client's secret or key comes to its end; undefined when nobody knows. */
  readonly clientEndsInSeconds: number | undefined;
}

export async function overviewOf(context: Context, address: string): Promise<Overview> {
  const now = context.clock.now();
  const { account, problem } = await tryLoad(context, address);
  const record = readRecord(recordPath(context.paths, account?.credential ?? address));
  const clientEndsMs = account === undefined ? undefined : clientEndsAtMs(account.account.client, context.env);
  const clientEndsInSeconds = clientEndsMs === undefined ? undefined : (clientEndsMs - now.wallMs) / 1000;
  const [resource] = account?.provider.resources ?? [];
  const token = resource === undefined ? undefined : record?.accessTokens[resource.name];
  return {
    address,
    account,
    problem,
    record,
    health: account === undefined ? "misconfigured" : healthOf(record, account, now, clientEndsInSeconds),
    accessTokenSeconds: token === undefined ? undefined : remainingSeconds(token, now),
    accessTokenAgeSeconds: token === undefined ? undefined : secondsSince(token.obtainedAt, now),
    signedInSeconds: record === undefined ? undefined : secondsSince(record.signedInAt, now),
    signInEnding:
      record === undefined || account === undefined ? undefined : signInEnding(record, account.provider, now),
    clientEndsInSeconds,
  };
}

/** How each state of health is shown. */
export const HEALTH: Record<Overview["health"], { text: string; tone: Tone }> = {
  ok: { text: "ok", tone: "good" },
  "expiring-sign-in": { text: "sign-in ends soon", tone: "warn" },
  "expiring-client": { text: "client ends soon", tone: "warn" },
  failing: { text: "failing", tone: "warn" },
  "sign-in-needed": { text: "sign in again", tone: "bad" },
  misconfigured: { text: "misconfigured", tone: "bad" },
};

/** All accounts, or the named one. @throws ERR_ACCOUNT_UNKNOWN */
export async function overviews(context: Context, address: string | undefined): Promise<Overview[]> {
  if (address === undefined) return Promise.all(listAddresses(context.paths).map((each) => overviewOf(context, each)));
  return [await overviewOf(context, requireAccount(context.paths, address).address)];
}

/** The overview as `--json` prints it. */
export function overviewJson(overview: Overview, now: { wallMs: number }): Record<string, unknown> {
  const at = (seconds: number | undefined) =>
    seconds === undefined ? null : new Date(now.wallMs + seconds * 1000).toISOString();
  const { account, record } = overview;
  return {
    address: overview.address,
    provider: account?.provider.id ?? null,
    client: account === undefined ? null : { id: account.client.id, name: account.client.name },
    health: overview.health,
    problem: overview.problem ?? record?.failure?.reason ?? null,
    signed_in_at: overview.signedInSeconds === undefined ? null : at(-overview.signedInSeconds),
    grant: account?.grant ?? null,
    credential: account?.credential ?? null,
    sign_in_ends_at: at(overview.signInEnding?.inSeconds),
    client_ends_at: at(overview.clientEndsInSeconds),
    access_token_obtained_at: overview.accessTokenAgeSeconds === undefined ? null : at(-overview.accessTokenAgeSeconds),
    access_token_expires_at: at(overview.accessTokenSeconds),
  };
}

async function tryLoad(
  context: Context,
  address: string,
): Promise<{ account: ResolvedAccount | undefined; problem: string | undefined }> {
  try {
    return { account: await loadAccount(context.paths, address), problem: undefined };
  } catch (error) {
    if (isMailkeyError(error)) return { account: undefined, problem: error.message };
    throw error;
  }
}

/** The active vault's kind, or undefined before the first use. Decrypts nothing. */
export async function vaultName(context: Context): Promise<string | undefined> {
  try {
    return (await openVault(context.paths, context.env)).kind;
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}
