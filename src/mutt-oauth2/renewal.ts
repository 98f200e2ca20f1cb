/**
 * Renews the access token of a token file by the rules of `tokens/get-token.ts`: under a lock across processes, durable before it is handed
 * out, and a failure takes nothing away.
 */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { scopesOf } from "../accounts/resolve.ts";
import { MailkeyError } from "../errors.ts";
import { refreshGrant } from "../oauth/refresh.ts";
import type { OAuthClient } from "../oauth/parties.ts";
import type { PermanentFailure, TransientFailure } from "../oauth/token-endpoint.ts";
import type { Instant } from "../platform/clock.ts";
import { fileStamp } from "../platform/files.ts";
import { accountLockPath } from "../platform/lock.ts";
import type { Paths } from "../platform/paths.ts";
import { isUsable, remainingSeconds, requiredSeconds } from "../tokens/freshness.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { holderLimitMs, lockOrSuperseded, type Held } from "../tokens/lock-or-superseded.ts";
import { patienceFor, renew, type Renewal } from "../tokens/renew.ts";
import type { Pipes } from "./pipes.ts";
import type { Registration } from "./registrations.ts";
import { joinWords } from "./shlex.ts";
import { readTokenFile, withTokens, writeTokenFile, type TokenFile } from "./token-file.ts";

/** The token path's own ports; the token file takes the vault's place. */
export type RenewalPorts = Omit<TokenPorts, "openVault">;

export interface Renewed {
  readonly file: TokenFile;
  /** The renewal failed, and the present token lasts a little longer. */
  readonly warning?: MailkeyError;
}

/** Refusals of the request, not of the grant: the other form of the request may succeed. */
const WANTS_ANOTHER_SCOPE: ReadonlySet<string> = new Set(["invalid_request", "invalid_scope"]);

/** Whether the token lasts long enough to be handed out. */
export function isFresh({ accessToken }: TokenFile, marginSeconds: number, now: Instant): boolean {
  return accessToken !== undefined && remainingSeconds(accessToken, now) > requiredSeconds(accessToken, marginSeconds);
}

/** The lock of a token file: whoever replaces the file holds it. */
export function tokenFileLockPath(paths: Paths, tokenFile: string): string {
  const name = createHash("sha256").update(canonicalPath(tokenFile)).digest("hex").slice(0, 32);
  return accountLockPath(paths, `mutt-oauth2-${name}`);
}

/**
 * Makes sure of a fresh access token.
 *
 * @param client the client to use when the file itself names none
 * @throws ERR_SIGN_IN_AGAIN, ERR_CLIENT_REJECTED, ERR_CONFIG without a client, ERR_PROVIDER_UNAVAILABLE, ERR_LOCK_TIMEOUT, and those of reading and writing
 */
export async function renewTokenFile(
  first: TokenFile,
  registration: Registration,
  client: OAuthClient | undefined,
  pipes: Pipes,
  ports: RenewalPorts,
): Promise<Renewed> {
  const { clock, config } = ports;
  const fresh = (file: TokenFile) => isFresh(file, config.marginSeconds, clock.now());
  const held = await waitForLock(first, fresh, pipes, ports);
  if ("superseding" in held) return held.superseding;
  try {
    const file = (await readTokenFile(first.path, pipes)) ?? first;
    if (fresh(file)) return { file };
    return await renewUnderLock(file, registration, client, pipes, ports, held.waited);
  } finally {
    held.lock.release();
  }
}

/** While waiting, a file that another process has renewed is as good. */
function waitForLock(
  first: TokenFile,
  fresh: (file: TokenFile) => boolean,
  pipes: Pipes,
  ports: RenewalPorts,
): Promise<Held<Renewed>> {
  const limitMs = holderLimitMs(ports.config);
  let { stamp } = first;
  const look = async () => {
    if (fileStamp(first.path) === stamp) return undefined;
    const file = await readTokenFile(first.path, pipes);
    stamp = file?.stamp;
    return file !== undefined && fresh(file) ? { file } : undefined;
  };
  const giveUp = () => {
    const seconds = Math.round(limitMs / 1000);
    throw new MailkeyError("ERR_LOCK_TIMEOUT", `another process has been renewing ${first.path} for ${seconds} s`);
  };
  return lockOrSuperseded(tokenFileLockPath(ports.paths, first.path), limitMs, ports, look, giveUp);
}

async function renewUnderLock(
  file: TokenFile,
  registration: Registration,
  given: OAuthClient | undefined,
  pipes: Pipes,
  ports: RenewalPorts,
  waited: boolean,
): Promise<Renewed> {
  const { refreshToken, accessToken } = file;
  const usable = accessToken !== undefined && isUsable(accessToken, ports.clock.now());
  try {
    if (refreshToken === undefined) throw signInNeeded(file.path);
    const client = clientOf(file, given);
    // Proves that the file can be written before the refresh token is spent on an answer that could not be kept.
    const proven = await writeTokenFile(file.path, file.fields, pipes);
    const patience = patienceFor(ports.config, usable);
    const ask = (scope: string) =>
      renew(
        (fetch) => {
          ports.trace?.(`asking ${registration.provider.name} for a new access token`);
          return refreshGrant(registration.provider, client, { refreshToken, scope }, fetch);
        },
        // Who waited for a holder that got nothing does not go through the whole budget again.
        waited ? { ...patience, budgetMs: 0 } : patience,
        ports,
      );
    const outcome = await askBothWays(ask, registration);
    if (outcome.kind === "permanent") throw refused(file.path, registration, outcome);
    if (outcome.kind === "transient") throw unavailable(file.path, outcome);
    const { grant, obtainedAt } = outcome;
    const lifetimeSeconds = grant.expiresInSeconds;
    const renewed = withTokens(proven.fields, {
      ...grant,
      refreshToken: grant.refreshToken,
      obtainedAt,
      lifetimeSeconds,
    });
    const fields = { ...renewed, client_id: client.id, client_secret: client.secret?.reveal() ?? "" };
    return { file: await writeStubbornly(file.path, fields, pipes, ports) };
  } catch (error) {
    if (!usable || !(error instanceof MailkeyError)) throw error;
    return { file, warning: error };
  }
}

/**
 * Without a scope first, as the script asks: the answer then has the scope that was granted (RFC 6749 6), which people narrow by editing
 * the script and a token file does not tell. Microsoft may insist on one (AADSTS900144).
 */
async function askBothWays(ask: (scope: string) => Promise<Renewal>, { provider }: Registration): Promise<Renewal> {
  const outcome = await ask("");
  if (outcome.kind !== "permanent" || !WANTS_ANOTHER_SCOPE.has(outcome.error)) return outcome;
  return ask([...scopesOf(provider.resources[0]), ...provider.refreshScopes].join(" "));
}

/** A rotated refresh token exists nowhere else now: one more try before giving it up. */
async function writeStubbornly(
  path: string,
  fields: TokenFile["fields"],
  pipes: Pipes,
  { clock }: RenewalPorts,
): Promise<TokenFile> {
  try {
    return await writeTokenFile(path, fields, pipes);
  } catch {
    await clock.sleep(250);
    return writeTokenFile(path, fields, pipes);
  }
}

/** The file's own client, or else the one given. A public client has no secret: the script's empty one is left out. */
export function clientOf(file: TokenFile, given: OAuthClient | undefined): OAuthClient {
  if (file.clientId !== "") return { id: file.clientId, secret: file.clientSecret };
  if (given !== undefined) return given;
  throw new MailkeyError("ERR_CONFIG", `${file.path} names no client, as files of the older script do`, {
    hint: `name it once, it is kept: --client-id ID; or take it from your edited script: --script ~/bin/mutt_oauth2.py`,
  });
}

function signInNeeded(path: string): MailkeyError {
  return new MailkeyError("ERR_SIGN_IN_AGAIN", `there is no refresh token in ${path}`, { hint: signInCommand(path) });
}

export function signInCommand(path: string): string {
  return `mailkey mutt-oauth2 --verbose --authorize ${joinWords([path])}`;
}

export function refused(path: string, { provider }: Registration, failure: PermanentFailure): MailkeyError {
  const { error, vendorCode, description } = failure;
  const words = description === undefined ? error : `${error}: ${description}`;
  const details = { error, vendorCode };
  if (error === "invalid_client" || error === "unauthorized_client") {
    return new MailkeyError("ERR_CLIENT_REJECTED", `${provider.name} refuses the client of ${path} (${words})`, {
      details,
      hint: "check the client id and its secret at the provider, or sign in with another client",
    });
  }
  return new MailkeyError("ERR_SIGN_IN_AGAIN", `${provider.name} no longer accepts the sign-in in ${path} (${words})`, {
    details,
    hint: signInCommand(path),
  });
}

function unavailable(path: string, { reason, cause }: TransientFailure): MailkeyError {
  const options = { cause, hint: "nothing is lost: try again later" };
  return new MailkeyError("ERR_PROVIDER_UNAVAILABLE", `cannot renew the token in ${path}: ${reason}`, options);
}

function canonicalPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
