/** What a simulation has seen, and whether it was as promised. */
import { leadSeconds } from "../../src/agent/renewing/schedule.ts";
import { requiredSeconds } from "../../src/tokens/freshness.ts";
import { Intervals, uncoveredMs, type Interval } from "./intervals.ts";
import type { SimulatedProvider } from "./provider.ts";
import type { Account } from "./tokens.ts";
import { HOUR, MINUTE, SECOND } from "./weather.ts";

/** So long after the end of its provider's or the machine's trouble an account has to be served again. */
const GRACE_MS = 10 * MINUTE;
/** Windows in which requests are counted, and the most that the agent may send of its own accord. */
const WINDOWS = [
  { windowMs: SECOND, most: 15 },
  { windowMs: 10 * SECOND, most: 60 },
  { windowMs: MINUTE, most: 310 },
] as const;
/** To a provider that is wholly down: at first, and then in each hour. */
const FIRST_IN_OUTAGE = 40;
const IN_HOUR_OF_OUTAGE = 60;

/** Who has sent a request: the renewer, or a program that wants a token now. */
export type Asker = "agent" | "programs";

interface Served {
  endsAtMs: number;
  lifetimeSeconds: number;
  /** When it could not be served for reasons of its own: signed out, or told to wait. */
  readonly bad: Intervals;
  signedOutAtMs: number;
  /** The agent has been told to leave it alone until then. */
  toldUntilMs: number;
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
  readonly #requestsAtMs = new Map<string, Record<Asker, number[]>>();

  constructor(marginSeconds: number) {
    this.#marginSeconds = marginSeconds;
  }

  /** A token is in the vault. @param isRenewed not by signing in */
  stored(account: Account, remainingSeconds: number, lifetimeSeconds: number, nowMs: number, isRenewed: boolean): void {
    const served = this.#of(account);
    if (isRenewed) this.#renewed(account, served, nowMs);
    this.#checkGap(account, served.endsAtMs, nowMs);
    served.toldUntilMs = 0;
    served.endsAtMs = nowMs + remainingSeconds * SECOND;
    served.lifetimeSeconds = lifetimeSeconds;
  }

  requested(account: Account, nowMs: number, who: Asker): void {
    const { origin } = account.provider;
    const times = this.#requestsAtMs.get(origin) ?? { agent: [], programs: [] };
    this.#requestsAtMs.set(origin, times);
    times[who].push(nowMs);
    if (who === "agent" && nowMs < this.#of(account).toldUntilMs)
      this.problems.push(`${account.address} was asked for before its Retry-After was over, at ${clock(nowMs)}`);
  }

  waited(account: Account, nowMs: number): void {
    this.waits += 1;
    if (uncoveredMs(nowMs, nowMs + 1, this.#excuses(account, nowMs, nowMs)) > 0) this.needlessWaits += 1;
  }

  /** The account's provider wants to be left alone for it. */
  toldToWait(account: Account, nowMs: number, waitMs: number): void {
    this.#of(account).bad.add(nowMs, nowMs + waitMs * 1.1);
  }

  /** The agent has been told when to ask again at the earliest. */
  heard(account: Account, untilMs: number): void {
    this.#of(account).toldUntilMs = untilMs;
  }

  /** What the agent had been told it does not know any more. */
  restarted(): void {
    for (const served of this.#served.values()) served.toldUntilMs = 0;
  }

  signedOut(account: Account, nowMs: number): void {
    this.#of(account).signedOutAtMs = nowMs;
  }

  signedIn(account: Account, nowMs: number): void {
    const served = this.#of(account);
    if (served.signedOutAtMs < nowMs) served.bad.add(served.signedOutAtMs, nowMs);
    served.signedOutAtMs = Infinity;
    served.toldUntilMs = 0;
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
  peaks({ origin }: SimulatedProvider, who: Asker): number[] {
    const times = this.#requestsAtMs.get(origin)?.[who] ?? [];
    return WINDOWS.map(({ windowMs }) => mostWithin(times, windowMs));
  }

  requests({ origin }: SimulatedProvider, who: Asker): number {
    return this.#requestsAtMs.get(origin)?.[who].length ?? 0;
  }

  /** Requests of the agent's while the provider was wholly down, for each time that it was. */
  requestsInOutages({ origin, outages }: SimulatedProvider): { readonly requests: number; readonly hours: number }[] {
    const times = this.#requestsAtMs.get(origin)?.agent ?? [];
    return outages
      .filter(({ trouble }) => trouble !== "half broken")
      .map(({ fromMs, toMs }) => ({
        requests: times.filter((atMs) => atMs >= fromMs && atMs < toMs).length,
        hours: (toMs - fromMs) / HOUR,
      }));
  }

  #of({ address }: Account): Served {
    const served = this.#served.get(address) ?? {
      endsAtMs: Infinity,
      lifetimeSeconds: 0,
      bad: new Intervals(),
      signedOutAtMs: Infinity,
      toldUntilMs: 0,
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
    const { name } = provider.kind;
    this.peaks(provider, "agent").forEach((count, index) => {
      const { windowMs, most } = WINDOWS[index] ?? { windowMs: 0, most: 0 };
      if (count > most) this.problems.push(`${name}: ${count} requests in ${windowMs / SECOND} s`);
    });
    for (const { requests, hours } of this.requestsInOutages(provider)) {
      if (requests > FIRST_IN_OUTAGE + IN_HOUR_OF_OUTAGE * hours)
        this.problems.push(`${name}: ${requests} requests while it was down for ${hours.toFixed(1)} h`);
    }
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
