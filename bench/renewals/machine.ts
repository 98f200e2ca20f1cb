/** The machine with the agent on it: network, suspends, restarts, and the programs that ask for tokens. */
import { Budget } from "../../src/agent/renewing/budget.ts";
import { Renewer } from "../../src/agent/renewing/renewer.ts";
import { parseRetryAfter } from "../../src/oauth/token-endpoint.ts";
import { startSteadyTime } from "../../src/platform/steady-time.ts";
import { requiredSeconds } from "../../src/tokens/freshness.ts";
import type { Timeline } from "../../test/support/timeline.ts";
import type { Asker, Findings } from "./findings.ts";
import type { Mood } from "./provider.ts";
import type { Chance } from "./random.ts";
import type { Account, CreateFetch, Tokens } from "./tokens.ts";
import { HOUR, SECOND } from "./weather.ts";

/** How often a program asks for an account's token. */
const ASKS_PER_HOUR = 1;
/** Of these, how many have nothing to do with the agent: they run the token path by themselves. */
const WITHOUT_AGENT = 0.2;

/** Until a changed file is looked at, as in `platform/watch.ts`. */
const SETTLE_MS = 100;

export class Machine {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #accounts: readonly [Account, ...Account[]];
  readonly #findings: Findings;
  readonly #marginSeconds: number;
  readonly #mood: Mood;
  readonly #byAddress: ReadonlyMap<string, Account>;
  #tokens: Tokens | undefined;
  #renewer: Renewer | undefined;
  #budget: Budget | undefined;
  /** Connections of before do not survive what raises it. */
  #connections = 0;
  #offlineUntilMs = 0;

  constructor(
    timeline: Timeline,
    chance: Chance,
    accounts: readonly [Account, ...Account[]],
    findings: Findings,
    marginSeconds: number,
    mood: Mood,
  ) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#accounts = accounts;
    this.#findings = findings;
    this.#marginSeconds = marginSeconds;
    this.#mood = mood;
    this.#byAddress = new Map(accounts.map((account) => [account.address, account]));
  }

  get isOnline(): boolean {
    return this.#timeline.passedMs >= this.#offlineUntilMs;
  }

  /** Starts the agent. */
  start(tokens: Tokens): void {
    const nowMs = startSteadyTime(this.#timeline);
    const alarm = this.#timeline.alarm();
    const { next: random } = this.#chance;
    const budget = new Budget({ nowMs, alarm: this.#timeline.alarm() });
    const renewer = new Renewer({
      nowMs,
      random,
      budget,
      alarm: {
        clear: () => alarm.clear(),
        set: (afterMs, ring) =>
          alarm.set(afterMs, () => {
            this.#findings.wakeUps += 1;
            ring();
          }),
      },
      renew: ({ address }, minTtlSeconds) =>
        this.#timeline.run(() => tokens.token(this.#account(address), this.#internet("agent"), minTtlSeconds)),
      report: () => undefined,
    });
    this.#tokens = tokens;
    this.#renewer = renewer;
    this.#budget = budget;
    for (const account of this.#accounts) this.keep(account);
    renewer.start();
    this.#nextAsk();
  }

  /** The account's credential has changed. */
  keep(account: Account): void {
    const { address, provider } = account;
    const ahead = { marginSeconds: this.#marginSeconds };
    const target = { address, resource: "mail" };
    this.#renewer?.set({ target, origin: provider.origin, ahead }, this.#tokens?.times(account));
  }

  /** Whichever process has renewed it: the agent watches the records. */
  noticeSoon(account: Account): void {
    this.#timeline.after(SETTLE_MS, () => this.keep(account));
  }

  suspend(forMs: number): void {
    this.#connections += 1;
    this.#timeline.skip(forMs);
    this.#bad(this.#timeline.passedMs - forMs, this.#chance.between(2 * SECOND, 20 * SECOND));
  }

  reboot(forMs: number): void {
    this.#timeline.skip(forMs);
    this.#timeline.reboot();
    this.#tokens?.restart();
    this.#findings.restarted();
    for (const { provider } of this.#accounts) provider.forgetConnections();
    this.#bad(this.#timeline.passedMs - forMs, this.#chance.between(0, 20 * SECOND));
    if (this.#tokens !== undefined) this.start(this.#tokens);
  }

  loseNetwork(forMs: number): void {
    this.#connections += 1;
    this.#bad(this.#timeline.passedMs, forMs);
  }

  /** How the renewer, or a program, reaches an account's provider. */
  #internet(who: Asker): CreateFetch {
    return (timeoutMs) => async (_url, init) => {
      const refreshToken = new URLSearchParams(init?.body as URLSearchParams).get("refresh_token") ?? "";
      const account = this.#account(refreshToken.slice(0, refreshToken.lastIndexOf("#")));
      const connections = this.#connections;
      if (!this.isOnline) await this.#unreachable();
      this.#findings.requested(account, this.#timeline.passedMs, who);
      const response = await account.provider.answer(refreshToken, timeoutMs, this.#mood);
      if (connections !== this.#connections) await this.#unreachable();
      const waitMs = parseRetryAfter(response.headers) ?? 0;
      if (who === "agent") this.#findings.heard(account, this.#timeline.passedMs + waitMs);
      return response;
    };
  }

  #account(address: string): Account {
    const account = this.#byAddress.get(address);
    if (account === undefined) throw new Error(`there is no account ${address}`);
    return account;
  }

  /** @param offlineMs from now on */
  #bad(fromMs: number, offlineMs: number): void {
    this.#offlineUntilMs = Math.max(this.#offlineUntilMs, this.#timeline.passedMs + offlineMs);
    this.#findings.machineBad.add(fromMs, this.#offlineUntilMs);
  }

  async #unreachable(): Promise<never> {
    await this.#timeline.sleep(this.#chance.between(1, 2 * SECOND));
    throw Object.assign(new Error("no route"), { code: "ENETUNREACH" });
  }

  #nextAsk(): void {
    this.#timeline.after(this.#chance.until(HOUR / ASKS_PER_HOUR / this.#accounts.length), () => {
      void this.#ask(this.#chance.pick(this.#accounts));
      this.#nextAsk();
    });
  }

  async #ask(account: Account): Promise<void> {
    const { address, provider } = account;
    const times = this.#tokens?.times(account);
    this.#findings.asks += 1;
    if (times !== undefined && times.remainingSeconds > requiredSeconds(times, this.#marginSeconds)) return;
    this.#findings.waited(account, this.#timeline.passedMs);
    const budget = this.#chance.happens(WITHOUT_AGENT) ? undefined : this.#budget;
    // As the agent does it for programs: each request in its turn, before renewals ahead.
    const inTurn: CreateFetch = (timeoutMs) => (url, init) => {
      const send = this.#internet("programs")(timeoutMs);
      if (budget === undefined) return send(url, init);
      return this.#timeline.waitFor(budget.run(provider.origin, () => this.#timeline.run(() => send(url, init))));
    };
    const attempt = await this.#timeline.run(async () => this.#tokens?.token(account, inTurn));
    if (budget !== undefined && attempt !== undefined) this.#renewer?.observe({ address, resource: "mail" }, attempt);
  }
}
