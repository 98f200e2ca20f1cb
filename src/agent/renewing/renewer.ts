/**
 * Renews every token ahead of its end, so that no mail program ever waits for a provider. One alarm is set for the next moment at
 * which something is due; between those moments nothing happens.
 *
 * What it does not do: obtain tokens (`Renew` does, by the token path, alone among all processes), limit the rate (`Budget`), know
 * about vaults, files or programs. Its time is milliseconds of a clock that only goes forward and counts suspends.
 */
import type { Alarm } from "../../platform/alarm.ts";
import { Outage } from "./back-off.ts";
import type { Budget } from "./budget.ts";
import type { Target } from "../event.ts";
import { KeptToken, type Before, type Fresh, type Renewable } from "./kept-token.ts";
import type { Attempt, Renew } from "./renewal.ts";
import type { TokenTimes } from "./schedule.ts";

export interface RenewerPorts {
  readonly renew: Renew;
  readonly budget: Budget;
  /** The renewer's own. */
  readonly alarm: Alarm;
  /** Milliseconds of a time that only goes forward and counts suspends: `platform/steady-time.ts`. */
  readonly nowMs: () => number;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** Hears of every outcome, after the renewer has drawn its conclusions. Must not throw. */
  readonly report: (target: Target, attempt: Attempt) => void;
}

/** The boot clock is told in hundredths of a second: an alarm that is exact by its own clock may seem early by this one. */
const CLOCK_GRAIN_MS = 10;
/** An alarm that is so late was slept over: the network may be another one. */
const SLEPT_MS = 30_000;

export class Renewer {
  readonly #ports: RenewerPorts;
  readonly #tokens = new Map<string, KeptToken>();
  readonly #outages = new Map<string, Outage>();
  readonly #running = new Set<Promise<void>>();
  #isStarted = false;
  #isLocked = false;
  #isLookPending = false;

  constructor(ports: RenewerPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#isStarted = true;
    this.#lookSoon();
  }

  /** Begins nothing more. Resolves when the attempts under way have ended: what they obtain has to reach the vault. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#ports.alarm.clear();
    await Promise.all(this.#running);
  }

  /**
   * Keeps a token fresh from now on. Of a target that is kept already: something about its account has changed (its file, its
   * credential, the settings), and whatever was waited for is over.
   *
   * @param token the one in hand; undefined when there is none, or nobody has looked yet
   */
  set(renewable: Renewable, token: TokenTimes | undefined): void {
    const { nowMs, random } = this.#ports;
    const key = keyOf(renewable.target);
    const kept = new KeptToken(renewable, this.#outage(renewable.origin), token, nowMs(), random);
    kept.follow(this.#tokens.get(key));
    this.#tokens.set(key, kept);
    this.#lookSoon();
  }

  /** Milliseconds until its next attempt; undefined when something has to change first, or it is not kept. */
  nextInMs(target: Target): number | undefined {
    const nextAtMs = this.#tokens.get(keyOf(target))?.nextAtMs ?? Infinity;
    return nextAtMs === Infinity ? undefined : Math.max(0, nextAtMs - this.#ports.nowMs());
  }

  remove(target: Target): void {
    this.#tokens.delete(keyOf(target));
  }

  /**
   * What an attempt came to that a program waited for: as good as one of the renewer's own. Not reported. Of lasting failures the
   * renewer convinces itself: the account may have been mended meanwhile.
   */
  observe(target: Target, attempt: Attempt): void {
    const token = this.#tokens.get(keyOf(target));
    if (token === undefined) return;
    if (attempt.kind === "fresh") this.#renewed(token, attempt, undefined);
    if (attempt.kind === "failed" && !attempt.isPermanent) {
      const now = this.#ports.nowMs();
      token.failed(attempt, now, now);
    }
    this.#lookSoon();
  }

  /** The network or the machine is back: failures of before say nothing any more. Whoever was refused or told to wait still waits. */
  kick(): void {
    for (const outage of this.#outages.values()) outage.lookAgain();
    for (const token of this.#tokens.values()) token.forgetFailures();
    this.#outdate();
  }

  /** A person has been at it: what nothing could be tried for may be mended. */
  reconsider(): void {
    this.#endIdleness();
    this.kick();
  }

  vaultLocked(): void {
    this.#isLocked = true;
    this.#lookSoon();
  }

  vaultUnlocked(): void {
    this.#isLocked = false;
    this.#endIdleness();
    this.#outdate();
  }

  #endIdleness(): void {
    for (const token of this.#tokens.values()) token.isIdle = false;
  }

  /** What is under way began in other circumstances. */
  #outdate(): void {
    for (const token of this.#tokens.values()) token.isOutdated = true;
    this.#lookSoon();
  }

  #outage(origin: string): Outage {
    const outage = this.#outages.get(origin) ?? new Outage(this.#ports.random);
    this.#outages.set(origin, outage);
    return outage;
  }

  /** Once for all that happens at the same moment. */
  #lookSoon(): void {
    if (this.#isLookPending) return;
    this.#isLookPending = true;
    queueMicrotask(() => {
      this.#isLookPending = false;
      this.#look();
    });
  }

  /** Queues what is due, and sets the alarm for what is next. */
  #look(): void {
    const { alarm, nowMs } = this.#ports;
    if (!this.#isStarted || this.#isLocked) return alarm.clear();
    const now = nowMs();
    const due: KeptToken[] = [];
    let nextAtMs = Infinity;
    for (const token of this.#tokens.values()) {
      if (token.state !== "waiting") continue;
      const atMs = token.nextAtMs;
      if (atMs <= now) due.push(token);
      else if (atMs < nextAtMs) nextAtMs = atMs;
    }
    if (nextAtMs === Infinity) alarm.clear();
    else alarm.set(Math.ceil(nextAtMs - now) + CLOCK_GRAIN_MS, () => this.#ring(nextAtMs));
    for (const token of oneForEachOutage(due)) this.#queue(token, now);
  }

  #ring(expectedAtMs: number): void {
    if (this.#ports.nowMs() - expectedAtMs > SLEPT_MS) this.kick();
    else this.#look();
  }

  #queue(token: KeptToken, now: number): void {
    token.state = "queued";
    if (token.outage.isOn) token.outage.asker = token;
    this.#ports.budget.enter(token.renewable.origin, token.secondsLeft(now), () => this.#begin(token));
  }

  /** @returns undefined when it is not wanted any more: much may have happened while it was queued */
  #begin(token: KeptToken): Promise<void> | undefined {
    const now = this.#ports.nowMs();
    const isKept = this.#tokens.get(keyOf(token.renewable.target)) === token;
    if (!this.#isStarted || this.#isLocked || !isKept || !token.isReady(now)) {
      this.#putBack(token);
      return undefined;
    }
    const attempt = this.#attempt(token, now);
    this.#running.add(attempt);
    return attempt.finally(() => this.#running.delete(attempt));
  }

  async #attempt(token: KeptToken, now: number): Promise<void> {
    const { target } = token.renewable;
    const before: Before = { startedAtMs: now, endsAtMs: token.endsAtMs };
    token.state = "running";
    token.triedAtMs = now;
    token.isOutdated = false;
    // Any token that lasts longer than the one in hand will do: another process may have obtained it.
    const attempt = await this.#ports.renew(target, Math.ceil(token.secondsLeft(now)) + 1);
    this.#putBack(token);
    const kept = this.#tokens.get(keyOf(target)); // it may have been set anew, or removed
    if (kept === undefined) return;
    if ((token.isOutdated || kept !== token) && !isNewsAnyway(attempt)) return;
    if (attempt.kind === "fresh") this.#renewed(kept, attempt, before);
    else if (attempt.kind === "failed") kept.failed(attempt, this.#ports.nowMs(), now);
    else if (attempt.kind === "locked") this.#isLocked = true;
    else kept.isIdle = true;
    this.#ports.report(target, attempt);
  }

  #putBack(token: KeptToken): void {
    token.state = "waiting";
    if (token.outage.asker === token) token.outage.asker = undefined;
    this.#lookSoon();
  }

  #renewed(token: KeptToken, fresh: Fresh, before: Before | undefined): void {
    token.renewed(fresh, this.#ports.nowMs(), before);
    if (!fresh.isNew || !token.outage.over()) return;
    // The provider is back: all may ask again, as quickly as the budget lets them.
    for (const other of this.#tokens.values()) if (other.outage === token.outage) other.tryAgain();
  }
}

/** Whatever has changed while it was under way. */
function isNewsAnyway(attempt: Attempt): boolean {
  return attempt.kind === "fresh" || (attempt.kind === "failed" && attempt.retryAfterMs !== undefined);
}

function keyOf({ address, resource }: Target): string {
  return JSON.stringify([address, resource]);
}

/** Of those that share an outage only the one that was tried longest ago, and among these the neediest. */
function oneForEachOutage(due: readonly KeptToken[]): KeptToken[] {
  const askers = new Map<Outage, KeptToken>();
  for (const token of due) {
    const other = askers.get(token.outage);
    if (other === undefined || isSooner(token, other)) askers.set(token.outage, token);
  }
  return due.filter((token) => !token.outage.isOn || askers.get(token.outage) === token);
}

function isSooner(one: KeptToken, other: KeptToken): boolean {
  return one.triedAtMs < other.triedAtMs || (one.triedAtMs === other.triedAtMs && one.endsAtMs < other.endsAtMs);
}
