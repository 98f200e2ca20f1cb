/**
 * The agent's answers: the token path, with a memory in front of it.
 *
 * A remembered answer is given only while the files that it came from are unchanged and the token has enough left, so that what
 * `mailkey login`, an editor or another process does counts at once. Everything else is `getToken`, with all that it promises: the lock
 * across processes, superseded renewals, refusals that are remembered. Askers of one token share one attempt.
 */
import { isShared } from "../accounts/account.ts";
import { addressToFileName } from "../accounts/address.ts";
import { configPath } from "../accounts/config.ts";
import { findResource, loadAccount, type ResolvedAccount } from "../accounts/resolve.ts";
import { accountPath, readAccount } from "../accounts/store.ts";
import { isMailkeyError, type MailkeyError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { fileStamp } from "../platform/files.ts";
import type { AccessToken } from "../tokens/credential.ts";
import { remainingSeconds, requiredSeconds } from "../tokens/freshness.ts";
import { getToken, type TokenAnswer, type TokenPorts } from "../tokens/get-token.ts";
import { vaultSettingsPath } from "../vault/settings.ts";
import type { Observer, Target } from "./event.ts";
import { PROTOCOL_VERSION, type Request, type TokenReply } from "./protocol.ts";
import type { Attempt } from "./renewal.ts";
import { asMailkeyError, errorLine, wireError } from "./wire-error.ts";

export interface TokenServicePorts {
  /** Anew for each attempt: the configuration may have changed. */
  readonly tokenPorts: () => TokenPorts;
  readonly clock: Clock;
  readonly observe: Observer;
}

/** What a client asks for, of a request. */
export type Wanted = Pick<Request, "address" | "resource" | "min_ttl" | "force">;

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
  readonly #flights = new Map<string, Promise<TokenAnswer>>();
  /** Rises when everything is forgotten: what was under way then is not remembered. */
  #era = 0;

  constructor(ports: TokenServicePorts) {
    this.#ports = ports;
  }

  /** @returns the reply's line: at once when it is remembered. Never throws nor rejects. */
  answer(wanted: Wanted): string | Promise<string> {
    const known = this.#remembered.get(keyOf(wanted));
    if (known !== undefined && wanted.force !== true && this.#isGood(known, wanted.min_ttl)) return known.line;
    return this.#obtain(wanted).catch(errorLine);
  }

  /** For the renewer: a token of `target` that lasts `minTtlSeconds`, or what prevented it. Never rejects. */
  async renew(target: Target, minTtlSeconds: number): Promise<Attempt> {
    const ports = this.#ports.tokenPorts();
    try {
      const account = await loadAccount(ports.paths, target.address);
      const answer = await this.#attempt(ports, account, { ...target, min_ttl: minTtlSeconds });
      const { token, failure, source } = answer;
      const remaining = remainingSeconds(token, ports.clock.now());
      if (failure !== undefined) return failed(failure, remaining);
      const isNew = source === "refreshed";
      return { kind: "fresh", remainingSeconds: remaining, lifetimeSeconds: token.lifetimeSeconds, isNew };
    } catch (error) {
      if (isMailkeyError(error, "ERR_VAULT_LOCKED")) return { kind: "locked" };
      if (isMailkeyError(error) && UNUSABLE.has(error.code)) return { kind: "idle" };
      return failed(asMailkeyError(error), 0);
    }
  }

  /** Drops every remembered token. */
  forget(): void {
    this.#era += 1;
    this.#remembered.clear();
  }

  async #obtain(wanted: Wanted): Promise<string> {
    const era = this.#era;
    const ports = this.#ports.tokenPorts();
    const isCurrent = await this.#witness(wanted.address, ports);
    const account = await loadAccount(ports.paths, wanted.address);
    const answer = await this.#attempt(ports, account, wanted);
    const line = tokenLine(answer);
    // What was obtained just now is remembered at the next request: only then is it known what the vault looked like before.
    if (answer.source === "cached" && isCurrent !== undefined && era === this.#era) {
      const { token } = answer;
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      const required = requiredSeconds(token, ports.config.marginSeconds);
      this.#remembered.set(keyOf(wanted), { line, token, requiredSeconds: required, isCurrent });
    }
    return line;
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

  /** One attempt for a token at a time; who comes meanwhile shares it, when what it brings lasts long enough. */
  async #attempt(ports: TokenPorts, account: ResolvedAccount, wanted: Wanted): Promise<TokenAnswer> {
    const resource = findResource(account.provider, wanted.resource).name;
    const { address, credential } = account;
    const flight = [address, credential, resource].join("\n");
    const other = wanted.force === true ? undefined : this.#flights.get(flight);
    if (other !== undefined) {
      const answer = await other;
      if (remainingSeconds(answer.token, ports.clock.now()) > (wanted.min_ttl ?? 0)) return answer;
    }
    const attempt = this.#tell(ports, { address, resource }, () =>
      getToken(ports, account, { resource, minTtlSeconds: wanted.min_ttl, force: wanted.force }),
    );
    if (wanted.force === true) return attempt;
    this.#flights.set(flight, attempt);
    try {
      return await attempt;
    } finally {
      if (this.#flights.get(flight) === attempt) this.#flights.delete(flight);
    }
  }

  /** Makes the attempt, and tells the observers what came of it. */
  async #tell({ clock }: TokenPorts, target: Target, attempt: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    try {
      const answer = await attempt();
      const { token, failure, source } = answer;
      this.#ports.observe({ kind: "token", target, token, isNew: source === "refreshed" || source === "superseded" });
      if (failure !== undefined) this.#fail(target, failure, remainingSeconds(token, clock.now()));
      return answer;
    } catch (error) {
      if (isMailkeyError(error) && error.code !== "ERR_INTERRUPTED") this.#fail(target, error, 0);
      throw error;
    }
  }

  #fail(target: Target, error: MailkeyError, validSeconds: number): void {
    this.#ports.observe({ kind: "failed", target, error, isPermanent: PERMANENT.has(error.code), validSeconds });
  }

  #isGood({ token, requiredSeconds: required, isCurrent }: Remembered, minTtl: number | undefined): boolean {
    return remainingSeconds(token, this.#ports.clock.now()) > (minTtl ?? required) && isCurrent();
  }
}

function keyOf({ address, resource }: Wanted): string {
  return `${address ?? ""}\n${resource ?? ""}`;
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
