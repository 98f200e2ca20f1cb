/**
 * Which tokens are kept fresh: of every account the default resource's, and those of other resources that have been asked for. A mailbox
 * that shares a sign-in has the same tokens as its lender; it counts only when it wants a token file of its own.
 *
 * What is known of their age comes from the records beside the credentials: no vault is opened for it.
 */
import { join } from "node:path";
import { isShared } from "../../accounts/account.ts";
import { addressToFileName, isSameAddress } from "../../accounts/address.ts";
import type { Config } from "../../accounts/config.ts";
import { loadAccount, type ResolvedAccount } from "../../accounts/resolve.ts";
import { readAccount } from "../../accounts/store.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import { remainingSeconds } from "../../tokens/freshness.ts";
import { signInNeeded } from "../../tokens/failures.ts";
import { readRecord, type CredentialRecord } from "../../tokens/record.ts";
import type { Renewable } from "./kept-token.ts";
import type { TokenTimes } from "./schedule.ts";

export interface Kept {
  readonly renewable: Renewable;
  /** Whose credential it comes from. */
  readonly credential: string;
  /** The provider's id. */
  readonly provider: string;
  /** Undefined when there is no token yet. */
  readonly times: TokenTimes | undefined;
  /** Why somebody has to sign in, as it was noted when an attempt was refused; undefined when nobody has to. */
  readonly refusal: string | undefined;
  /** Whether the token goes into a file. */
  readonly tokenFile: boolean;
  /** Changes when something has that an attempt may depend on; not with a failure, nor a refusal. */
  readonly mark: string;
}

/** The tokens of one account; none when there is no such account, or it cannot be used. */
export async function keptTokens(paths: Paths, config: Config, clock: Clock, address: string): Promise<Kept[]> {
  const account = await usable(paths, address);
  if (account === undefined) return [];
  const record = readRecord(join(paths.state, "status", `${addressToFileName(account.credential)}.json`));
  if (record === undefined && account.grant === "sign_in") return [];
  const origin = originOf(account);
  const tokenFile = account.account.token_file === true;
  const ahead = {
    marginSeconds: config.marginSeconds,
    renewAheadSeconds: config.agent.renewAheadSeconds,
    providerAheadSeconds: account.provider.tokens.renewAheadSeconds,
  };
  return resourcesOf(account, record).map((resource, index) => {
    const token = record?.accessTokens[resource];
    return {
      credential: account.credential,
      provider: account.provider.id,
      renewable: { target: { address: account.address, resource }, origin, ahead },
      times:
        token === undefined
          ? undefined
          : { remainingSeconds: remainingSeconds(token, clock.now()), lifetimeSeconds: token.lifetimeSeconds },
      refusal: refusalIn(account, record),
      tokenFile: tokenFile && index === 0,
      mark: JSON.stringify([account.account, record?.signedInAt, token, ahead]),
    };
  });
}

function refusalIn({ grant, credential }: ResolvedAccount, record: CredentialRecord | undefined): string | undefined {
  if (grant !== "sign_in" || record?.needsSignIn !== true) return undefined;
  return record.failure?.reason ?? signInNeeded(credential).message;
}

async function usable(paths: Paths, address: string): Promise<ResolvedAccount | undefined> {
  try {
    const file = readAccount(paths, address);
    if (file === undefined) return undefined;
    const isLent = isShared(file) && !isSameAddress(file.credential, address);
    return isLent && file.token_file !== true ? undefined : await loadAccount(paths, address);
  } catch {
    return undefined; // whoever asks for its token is told why
  }
}

function resourcesOf({ provider }: ResolvedAccount, record: CredentialRecord | undefined): string[] {
  const names = provider.resources.map(({ name }) => name);
  const [first = ""] = names;
  const asked = names.filter((name) => name !== first && record?.accessTokens[name] !== undefined);
  return [first, ...asked];
}

function originOf({ provider }: ResolvedAccount): string {
  const { token } = provider.endpoints;
  return token === undefined ? provider.id : new URL(token).origin;
}
