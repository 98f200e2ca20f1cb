/**
 * The agent's answers: the token path, with a memory in front of it.
 *
 * A remembered answer is given only while the files that it came from are unchanged and the token has enough left, so that what
 * `mailkey login`, an editor or another process does counts at once. Everything else is `getToken`, with all that it promises: the lock
 * across processes, superseded renewals, refusals that are remembered. Askers of one token share one attempt.
 */
import { isShared } from "../../accounts/account.ts";
import { addressToFileName } from "../../accounts/address.ts";
import { configPath } from "../../accounts/config.ts";
import { findResource, loadAccount, type ResolvedAccount } from "../../accounts/resolve.ts";
import { accountPath, readAccount } from "../../accounts/store.ts";
import { isMailkeyError, type MailkeyError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import { fileStamp } from "../../platform/files.ts";
import type { AccessToken } from "../../tokens/credential.ts";
import { remainingSeconds, requiredSeconds } from "../../tokens/freshness.ts";
import { getToken, type TokenAnswer, type TokenPorts } from "../../tokens/get-token.ts";
import { asMailkeyError, refusalLine, wireError } from "../../service/wire.ts";
import { vaultSettingsPath } from "../../vault/settings.ts";
import type { Observer, Target } from "../event.ts";
import type { AnswerSource } from "../telling/metrics.ts";
import { PROTOCOL_VERSION, type Request, type TokenReply } from "../protocol.ts";
import type { Attempt } from "../renewing/renewal.ts";
import { isRefused, ServerRefusals } from "./refusals.ts";

/** What one attempt needs. To be ended, whatever becomes of it. */
export interface TokenLease {
  readonly ports: TokenPorts;
  end(): void;
}

export interface TokenServicePorts {
  /** Anew for each attempt: the configuration may have changed. @param forClient a program waits, and a person may be asked */
  readonly lease: (forClient: boolean) => TokenLease;
  readonly clock: Clock;
  readonly observe: Observer;
  /** What an attempt came to that a client asked for. */
  readonly attempted: (target: Target, attempt: Attempt) => void;
  /** Counts an answer. @param code the error's, where there was no token */
  readonly answered: (source: AnswerSource, seconds: number, code?: string) => void;
}

/** What a client asks for, of a request. */
export type Wanted = Pick<Request, "address" | "resource" | "min_ttl" | "force" | "refused">;

interface Remembered {
  readonly line: string;
  readonly token: AccessToken;
  readonly requiredSeconds: number;
  /** Whether what it came from is unchanged. */
  readonly isCurrent: () => boolean;
}

/** Errors that a person has to mend; the renewer leaves such an account alone until something changes. */
const PERMANENT: ReadonlySet<string> = new Set(["ERR_SIGN_IN_AGAIN", "ERR_CLIENT_REJECTED", "ERR_VAULT_DAMAGED"]);
/** The account itself cannot be used as it is configured. */
const UNUSABLE: ReadonlySet<string> = new Set([
  "ERR_ACCOUNT_UNKNOWN",
  "ERR_CONFIG",
  "ERR_PROVIDER_UNKNOWN",
  "ERR_UNSUPPORTED",
  "ERR_UNTRUSTED_FILE",
]);

/** One client may ask for one account under names without end; nobody else has that many. */
const MAX_REMEMBERED = 4096;

export class TokenService {
  readonly #ports: TokenServicePorts;
  readonly #remembered = new Map<string, Remembered>();
  /** Of programs, by what they want. */
  readonly #flights = new Map<string, Promise<TokenAnswer>>();
  readonly #running = new Set<Promise<TokenAnswer>>();
  /** When the token was obtained of whose renewal observers have heard last, by target. */
  readonly #heardOfMs = new Map<string, number>();
  readonly #refusals: ServerRefusals;
  /** Rises when everything is forgotten: what was under way then is not remembered. */
  #era = 0;

  constructor(ports: TokenServicePorts) {
    this.#ports = ports;
    this.#refusals = new ServerRefusals(ports.clock);
  }

  /** @returns the reply's line: at once when it is remembered. Never throws nor rejects. */
  answer(wanted: Wanted): string | Promise<string> {
    const start = performance.now();
    const known = this.#remembered.get(keyOf(wanted));
    if (known !== undefined && wanted.force !== true && this.#isGood(known, wanted)) {
      this.#ports.answered("hot", secondsSince(start));
      return known.line;
    }
    return this.#answerLater(wanted, start);
  }

  /** For the renewer: a token of `target` that lasts `minTtlSeconds`, or what prevented it. Never rejects. */
  async renew(target: Target, minTtlSeconds: number): Promise<Attempt> {
    const lease = this.#ports.lease(false);
    const { ports } = lease;
    try {
      const account = await loadAccount(ports.paths, target.address);
      const answer = await this.#attempt(ports, account, { resource: target.resource, min_ttl: minTtlSeconds });
      return attemptOf(answer, ports.clock);
    } catch (error) {
      return failedAttempt(asMailkeyError(error, "agent"));
    } finally {
      lease.end();
    }
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** Drops every remembered token. */
  forget(): void {
    this.#era += 1;
    this.#remembered.clear();
  }

  async #answerLater(wanted: Wanted, start: number): Promise<string> {
    const lease = this.#ports.lease(true);
    try {
      const { line, source } = await this.#obtain(wanted, lease.ports);
      this.#ports.answered(source, secondsSince(start));
      return line;
    } catch (error) {
      const told = asMailkeyError(error, "agent");
      this.#ports.answered("none", secondsSince(start), told.code);
      return refusalLine(PROTOCOL_VERSION, wireError(told));
    } finally {
      lease.end();
    }
  }

  async #obtain(
    wanted: Wanted,
    ports: TokenPorts,
  ): Promise<{ readonly line: string; readonly source: TokenAnswer["source"] }> {
    const era = this.#era;
    const isCurrent = await this.#witness(wanted.address, ports);
    const account = await loadAccount(ports.paths, wanted.address);
    const answer = await this.#reported(account, wanted, ports, () => this.#shared(ports, account, wanted));
    const { token, source } = answer;
    const line = tokenLine(answer);
    // What was obtained just now is remembered at the next request: only then is it known what the vault looked like before.
    if (source === "cached" && isCurrent !== undefined && era === this.#era) {
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      const required = requiredSeconds(token, ports.config.marginSeconds);
      this.#remembered.set(keyOf(wanted), { line, token, requiredSeconds: required, isCurrent });
    }
    return { line, source };
  }

  async #reported(
    { address, provider }: ResolvedAccount,
    { resource }: Wanted,
    { clock }: TokenPorts,
    attempt: () => Promise<TokenAnswer>,
  ): Promise<TokenAnswer> {
    const target = { address, resource: findResource(provider, resource).name };
    try {
      const answer = await attempt();
      this.#ports.attempted(target, attemptOf(answer, clock));
      return answer;
    } catch (error) {
      this.#ports.attempted(target, failedAttempt(asMailkeyError(error, "agent")));
      throw error;
    }
  }

  /** Looks at the files that a token of `address` comes from, and can tell later whether they are the same. */
  async #witness(address: string | undefined, ports: TokenPorts): Promise<(() => boolean) | undefined> {
    const { paths } = ports;
    if (address === undefined) return undefined;
    const file = readAccount(paths, address);
    if (file === undefined) return undefined;
    const credential = isShared(file) ? file.credential : file.address;
    const name = addressToFileName(credential);
    const vault = await ports.openVault();
    const look = () =>
      [accountPath(paths, address), accountPath(paths, credential), vaultSettingsPath(paths), configPath(paths)]
        .map(fileStamp)
        .concat(vault.stamp(name))
        .join();
    const seen = look();
    return () => look() === seen;
  }

  /** Programs that want the same at the same time share one attempt, when what it brings will do for them. */
  async #shared(ports: TokenPorts, account: ResolvedAccount, wanted: Wanted): Promise<TokenAnswer> {
    const attempt = () => this.#attempt(ports, account, wanted);
    if (wanted.force === true) return attempt();
    const key = [account.address, account.credential, wanted.resource].join("\n");
    for (let seen: unknown, other = this.#flights.get(key); other !== undefined && other !== seen; ) {
      const { token } = await other;
      const isLongEnough = remainingSeconds(token, ports.clock.now()) > (wanted.min_ttl ?? 0);
      if (isLongEnough && !isRefused(token, wanted.refused)) return other;
      seen = other;
      other = this.#flights.get(key); // another program that it would not do for may have been quicker
    }
    const flight = attempt();
    this.#flights.set(key, flight);
    try {
      return await flight;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }

  /** One that the renewer makes meanwhile is not waited for while there is a token that will do. */
  #attempt(ports: TokenPorts, account: ResolvedAccount, wanted: Wanted): Promise<TokenAnswer> {
    const resource = findResource(account.provider, wanted.resource).name;
    const target = { address: account.address, resource };
    const refused = this.#refusals.believed(target, wanted.refused);
    const request = { resource, minTtlSeconds: wanted.min_ttl, force: wanted.force, refused };
    const attempt = this.#tell(ports, target, () => getToken(ports, account, request)).then((answer) => {
      if (refused !== undefined && answer.source === "refreshed") this.#refusals.renewed(target);
      return answer;
    });
    this.#running.add(attempt);
    return attempt.finally(() => this.#running.delete(attempt));
  }

  /** Makes the attempt, and tells the observers what came of it. */
  async #tell({ clock }: TokenPorts, target: Target, attempt: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    try {
      const answer = await attempt();
      const { token, failure } = answer;
      this.#ports.observe({ kind: "token", target, token, isNew: this.#isNews(target, answer) });
      if (failure !== undefined) this.#fail(target, failure, remainingSeconds(token, clock.now()));
      return answer;
    } catch (error) {
      if (isMailkeyError(error) && error.code !== "ERR_INTERRUPTED") this.#fail(target, error, 0);
      throw error;
    }
  }

  /** Of those that waited for one renewal, each holds its token as if it had come for it alone. */
  #isNews(target: Target, { token, source }: TokenAnswer): boolean {
    if (source !== "refreshed" && source !== "superseded") return false;
    const key = keyOf(target);
    const { wallMs } = token.obtainedAt;
    if (this.#heardOfMs.get(key) === wallMs) return false;
    this.#heardOfMs.set(key, wallMs);
    return true;
  }

  #fail(target: Target, error: MailkeyError, validSeconds: number): void {
    this.#ports.observe({ kind: "failed", target, error, isPermanent: PERMANENT.has(error.code), validSeconds });
  }

  #isGood({ token, requiredSeconds: required, isCurrent }: Remembered, wanted: Wanted): boolean {
    const isLongEnough = remainingSeconds(token, this.#ports.clock.now()) > (wanted.min_ttl ?? required);
    return isLongEnough && !isRefused(token, wanted.refused) && isCurrent();
  }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

function keyOf({ address, resource }: Wanted): string {
  return `${address ?? ""}\n${resource ?? ""}`;
}

function attemptOf({ token, failure, source }: TokenAnswer, clock: Clock): Attempt {
  const remaining = remainingSeconds(token, clock.now());
  if (failure !== undefined) return failed(failure, remaining);
  const isNew = source === "refreshed";
  return { kind: "fresh", remainingSeconds: remaining, lifetimeSeconds: token.lifetimeSeconds, isNew };
}

/** One that brought no token. */
function failedAttempt(error: MailkeyError): Attempt {
  if (error.code === "ERR_VAULT_LOCKED") return { kind: "locked" };
  const isNotSignedIn = error.code === "ERR_SIGN_IN_AGAIN" && error.details?.["error"] === undefined;
  return isNotSignedIn || UNUSABLE.has(error.code) ? { kind: "idle" } : failed(error, 0);
}

function failed(error: MailkeyError, remaining: number): Attempt {
  const wait = error.details?.["retryAfterMs"];
  return {
    kind: "failed",
    error,
    isPermanent: PERMANENT.has(error.code),
    retryAfterMs: typeof wait === "number" ? wait : undefined,
    remainingSeconds: Math.max(0, remaining),
  };
}

function tokenLine({ token, source, warning }: TokenAnswer): string {
  const reply: TokenReply = {
    v: PROTOCOL_VERSION,
    token: token.value.reveal(),
    resource: token.resource,
    scope: token.scope,
    expires_at_ms: token.expiresAtMs,
    lifetime: token.lifetimeSeconds,
    source,
    warning: warning === undefined ? undefined : wireError(warning),
  };
  return JSON.stringify(reply);
}
