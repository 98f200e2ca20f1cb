/** What a simulation has seen, and whether it was as promised. */
import { DEFAULT_LIMITS } from "../../src/agent/renewing/budget.ts";
import { leadSeconds } from "../../src/agent/renewing/schedule.ts";
import { requiredSeconds } from "../../src/tokens/freshness.ts";
import { Intervals, uncoveredMs, type Interval } from "./intervals.ts";
import type { SimulatedProvider } from "./provider.ts";
import type { Account } from "./tokens.ts";
import { MINUTE, SECOND } from "./weather.ts";

/** So long after the end of its provider's or the machine's trouble an account has to be served again. */
const GRACE_MS = 10 * MINUTE;
/** Windows in which requests are counted. */
const WINDOWS_MS = [SECOND, 10 * SECOND, MINUTE] as const;

interface Served {
  endsAtMs: number;
  lifetimeSeconds: number;
  /** When it could not be served for reasons of its own: signed out, or told to wait. */
  readonly bad: Intervals;
  signedOutAtMs: number;
}

export class Findings {
  /** When the machine slept, was off, or had no network. */
  readonly machineBad = new Intervals();
  readonly problems: string[] = [];
  renewals = 0;
  asks = 0;
  /** Of those, how many had to wait, and how many of these although all had been well for ten minutes. */
  waits = 0;
  needlessWaits = 0;
  wakeUps = 0;
  lostInFlight = 0;
  revoked = 0;
  /** When there was no valid token, all accounts together, excuses or not. */
  unservedMs = 0;
  readonly #served = new Map<string, Served>();
  readonly #marginSeconds: number;
  readonly #requestsAtMs = new Map<string, { readonly agent: number[]; readonly programs: number[] }>();

  constructor(marginSeconds: number) {
    this.#marginSeconds = marginSeconds;
  }

  /** A token is in the vault. @param isRenewed not by signing in */
  stored(account: Account, remainingSeconds: number, lifetimeSeconds: number, nowMs: number, isRenewed: boolean): void {
    const served = this.#of(account);
    if (isRenewed) this.#renewed(account, served, nowMs);
    this.#checkGap(account, served.endsAtMs, nowMs);
    served.endsAtMs = nowMs + remainingSeconds * SECOND;
    served.lifetimeSeconds = lifetimeSeconds;
  }

  requested({ origin }: SimulatedProvider, nowMs: number, isForAgent: boolean): void {
    const times = this.#requestsAtMs.get(origin) ?? { agent: [], programs: [] };
    this.#requestsAtMs.set(origin, times);
    (isForAgent ? times.agent : times.programs).push(nowMs);
  }

  waited(account: Account, nowMs: number): void {
    this.waits += 1;
    if (uncoveredMs(nowMs, nowMs + 1, this.#excuses(account, nowMs, nowMs)) > 0) this.needlessWaits += 1;
  }

  /** The account's provider wants to be left alone for it. */
  toldToWait(account: Account, nowMs: number, waitMs: number): void {
    this.#of(account).bad.add(nowMs, nowMs + waitMs * 1.1);
  }

  signedOut(account: Account, nowMs: number): void {
    this.#of(account).signedOutAtMs = nowMs;
  }

  signedIn(account: Account, nowMs: number): void {
    const served = this.#of(account);
    if (served.signedOutAtMs < nowMs) served.bad.add(served.signedOutAtMs, nowMs);
    served.signedOutAtMs = Infinity;
  }

  /** To be called once, at the end. */
  close(accounts: readonly Account[], providers: readonly SimulatedProvider[], nowMs: number): void {
    for (const account of accounts) this.#checkGap(account, this.#of(account).endsAtMs, nowMs);
    for (const provider of providers) {
      if (provider.overlaps > 0)
        this.problems.push(`${provider.kind.name}: ${provider.overlaps} requests at once for one account`);
      this.#checkRates(provider);
    }
  }

  /** The most requests within each of the windows. */
  peaks({ origin }: SimulatedProvider, who: "agent" | "programs"): number[] {
    const times = this.#requestsAtMs.get(origin)?.[who] ?? [];
    return WINDOWS_MS.map((windowMs) => mostWithin(times, windowMs));
  }

  requests({ origin }: SimulatedProvider, who: "agent" | "programs"): number {
    return this.#requestsAtMs.get(origin)?.[who].length ?? 0;
  }

  /** Requests of the agent's while the provider was down. */
  requestsInOutages({ origin, outages }: SimulatedProvider): number {
    const times = this.#requestsAtMs.get(origin)?.agent ?? [];
    return outages.reduce((sum, { fromMs, toMs }) => sum + times.filter((at) => at >= fromMs && at < toMs).length, 0);
  }

  #of({ address }: Account): Served {
    const served = this.#served.get(address) ?? {
      endsAtMs: Infinity,
      lifetimeSeconds: 0,
      bad: new Intervals(),
      signedOutAtMs: Infinity,
    };
    this.#served.set(address, served);
    return served;
  }

  /** Nobody renews twice for one end: the token of before was due. Of a provider that caches, nobody can tell. */
  #renewed({ address, provider }: Account, { endsAtMs, lifetimeSeconds }: Served, nowMs: number): void {
    this.renewals += 1;
    const leftSeconds = (endsAtMs - nowMs) / SECOND;
    const marginSeconds = this.#marginSeconds;
    const due = requiredSeconds({ lifetimeSeconds }, marginSeconds) + leadSeconds(lifetimeSeconds, { marginSeconds });
    if (provider.kind.sameTokenAboveSeconds === undefined && leftSeconds > due + 1)
      this.problems.push(`${address} was renewed ${Math.round(leftSeconds)} s before its end, at ${clock(nowMs)}`);
  }

  #checkGap(account: Account, fromMs: number, toMs: number): void {
    if (toMs <= fromMs) return;
    this.unservedMs += toMs - fromMs;
    const ms = uncoveredMs(fromMs, toMs, this.#excuses(account, fromMs, toMs));
    if (ms > 0)
      this.problems.push(`${account.address} was not served for ${Math.round(ms / SECOND)} s until ${clock(toMs)}`);
  }

  #excuses(account: Account, fromMs: number, toMs: number): Interval[] {
    const { bad, signedOutAtMs } = this.#of(account);
    const passing = [this.machineBad, account.provider.bad, bad].flatMap((all) => all.within(fromMs, toMs, GRACE_MS));
    return [...passing, { fromMs: signedOutAtMs, toMs: Infinity }];
  }

  #checkRates(provider: SimulatedProvider): void {
    const { burst, perSecond } = DEFAULT_LIMITS;
    this.peaks(provider, "agent").forEach((most, index) => {
      const windowMs = WINDOWS_MS[index] ?? 0;
      const allowed = burst + (perSecond * windowMs) / SECOND;
      if (most > allowed) this.problems.push(`${provider.kind.name}: ${most} requests in ${windowMs / SECOND} s`);
    });
  }
}

function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  times.forEach((time, index) => {
    while ((times[first] ?? 0) <= time - windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

function clock(ms: number): string {
  const minutes = Math.floor(ms / MINUTE);
  return `day ${Math.floor(minutes / 1440)}, ${Math.floor((minutes % 1440) / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}
