/**
 * Keeps tokens fresh: the accounts that there are (`Roster`), when each of their tokens is renewed (`Renewer`), and what came of it
 * (`Ledger`). It obtains nothing itself: `renew` does, by the token path.
 */
import type { Config } from "../../accounts/config.ts";
import type { Alarm } from "../../platform/alarm.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import type { Observer, Target } from "../event.ts";
import type { TokenStatus } from "../status.ts";
import type { Budget } from "./budget.ts";
import { Ledger } from "./ledger.ts";
import type { Attempt, Renew } from "./renewal.ts";
import { Renewer } from "./renewer.ts";
import { Roster } from "./roster.ts";
import type { Kept } from "./targets.ts";

export interface KeeperPorts {
  readonly paths: Paths;
  readonly clock: Clock;
  /** Of a time that only goes forward and counts suspends: `platform/steady-time.ts`. */
  readonly nowMs: () => number;
  /** The keeper's own. */
  readonly alarm: Alarm;
  readonly budget: Budget;
  readonly config: () => Config;
  readonly renew: Renew;
  /** Whether the vault as a whole is open. */
  readonly isUnlocked: () => boolean;
  /** Hears of accounts that are gone. */
  readonly observe: Observer;
}

export class Keeper {
  readonly #ports: KeeperPorts;
  readonly #ledger: Ledger;
  readonly #renewer: Renewer;
  readonly #roster: Roster;
  /** Never rejects. */
  #bringing = Promise.resolve();

  constructor(ports: KeeperPorts) {
    const { paths, clock, nowMs, alarm, budget, config } = ports;
    this.#ports = ports;
    this.#ledger = new Ledger(clock);
    this.#renewer = new Renewer({
      renew: (target, minTtlSeconds) => this.#renew(target, minTtlSeconds),
      budget,
      alarm,
      nowMs,
      random: Math.random,
      report: () => undefined, // whoever renews has told the observers
    });
    this.#roster = new Roster({
      paths,
      clock,
      config,
      kept: (kept) => {
        this.#ledger.begin(kept);
        this.#renewer.set(kept.renewable, kept.times);
        this.#bringToFile(kept);
      },
      gone: (target) => {
        this.#renewer.remove(target);
        ports.observe({ kind: "gone", target });
      },
    });
  }

  start(): void {
    this.#renewer.start();
  }

  /** Resolves when the renewals under way have ended. */
  stop(): Promise<void> {
    return this.#renewer.stop();
  }

  /** Looks at every account anew. Rejects when their folder cannot be read. */
  review(): Promise<void> {
    return this.#roster.review();
  }

  /** Looks at those that have to do with these files of `accounts/` and `status/`. Rejects likewise. */
  filesChanged(names: ReadonlySet<string>): Promise<void> {
    return this.#roster.filesChanged(names);
  }

  /** The settings have been read anew. */
  reconsider(): void {
    this.#renewer.reconsider();
  }

  vaultLocked(): void {
    this.#renewer.vaultLocked();
  }

  vaultUnlocked(): void {
    this.#renewer.vaultUnlocked();
    for (const kept of this.#roster.all) this.#bringToFile(kept);
  }

  /** What an attempt came to that a program waited for. */
  attempted(target: Target, attempt: Attempt): void {
    this.#renewer.observe(target, attempt);
  }

  readonly observe: Observer = (event) => this.#ledger.observe(event);

  /** Whether the token of that target goes into a file. */
  wantsFile(target: Target): boolean {
    return this.#roster.wantsFile(target);
  }

  /** The id of the account's provider; undefined for one that is not looked after. */
  providerOf(address: string): string | undefined {
    return this.#roster.providerOf(address);
  }

  status(): TokenStatus[] {
    return this.#roster.all.map(({ renewable }) => this.#statusOf(renewable.target));
  }

  #statusOf(target: Target): TokenStatus {
    const { endsAtMs, problem } = this.#ledger.of(target);
    const renewsInMs = this.#renewer.nextInMs(target);
    const now = this.#ports.clock.now().wallMs;
    return {
      ...target,
      ends_at_ms: endsAtMs,
      renews_at_ms: renewsInMs === undefined ? undefined : Math.round(now + renewsInMs),
      problem: problem?.message,
      hint: problem?.hint,
    };
  }

  /** What gpg has to decrypt anew, since another process has stored it, may be locked in a vault that is open: the others go on. */
  async #renew(target: Target, minTtlSeconds: number): Promise<Attempt> {
    const attempt = await this.#ports.renew(target, minTtlSeconds);
    return attempt.kind === "locked" && this.#ports.isUnlocked() ? { kind: "idle" } : attempt;
  }

  /** A token that is good and need not be renewed is only fetched, for its file; one after the other, since each may start gpg. */
  #bringToFile({ renewable, tokenFile, times }: Kept): void {
    if (!tokenFile || times === undefined || times.remainingSeconds <= 0) return;
    this.#bringing = this.#bringing.then(async () => void (await this.#ports.renew(renewable.target, 0)));
  }
}
