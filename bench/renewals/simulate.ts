/** Weeks and months of an agent's life with many accounts, in simulated time. */
import { defaultConfig, type Config } from "../../src/accounts/config.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { Timeline } from "../../test/support/timeline.ts";
import { Findings } from "./findings.ts";
import { Machine } from "./machine.ts";
import { KINDS, SimulatedProvider, type Mood } from "./provider.ts";
import { Chance } from "./random.ts";
import type { Account, Tokens } from "./tokens.ts";
import { DAY, HOUR, machineEvents, MINUTE, outagesOf, type MachineEvent } from "./weather.ts";

export interface World {
  readonly clock: Clock;
  readonly config: Config;
  readonly random: () => number;
  readonly accounts: readonly Account[];
  /** To be told when a renewed token is in the vault. */
  readonly renewed: (account: Account, remainingSeconds: number, lifetimeSeconds: number) => void;
}

export interface Setting {
  readonly seed: number;
  readonly days: number;
  readonly accounts: number;
  readonly tokens: (world: World) => Tokens | Promise<Tokens>;
}

export interface Simulated {
  readonly findings: Findings;
  readonly providers: readonly SimulatedProvider[];
}

/** How often a person, or the provider, ends a sign-in. */
const REVOKED_EVERY_DAYS = 120;

export async function simulate(setting: Setting): Promise<Simulated> {
  const simulation = new Simulation(setting);
  await simulation.run(setting.tokens);
  return simulation;
}

class Simulation implements Simulated {
  readonly findings: Findings;
  readonly providers: readonly SimulatedProvider[];
  readonly #timeline = new Timeline();
  readonly #config = defaultConfig({});
  readonly #chance: Chance;
  readonly #endMs: number;
  readonly #accounts: readonly [Account, ...Account[]];
  readonly #machine: Machine;
  /** What is to happen whether the machine runs or not. */
  readonly #script: { readonly atMs: number; readonly happen: () => void | Promise<void> }[] = [];
  readonly #usualOffsetMs = this.#timeline.wallOffsetMs;

  constructor({ seed, days, accounts }: Setting) {
    this.#chance = new Chance(seed);
    this.#endMs = days * DAY;
    const { marginSeconds } = this.#config;
    this.findings = new Findings(marginSeconds);
    this.providers = KINDS.map(
      (kind) => new SimulatedProvider(kind, this.#timeline, this.#chance, outagesOf(this.#chance, this.#endMs)),
    );
    this.#accounts = this.#makeAccounts(accounts);
    this.#machine = new Machine(
      this.#timeline,
      this.#chance,
      this.#accounts,
      this.findings,
      marginSeconds,
      this.#mood(),
    );
  }

  async run(createTokens: Setting["tokens"]): Promise<void> {
    const tokens = await createTokens({
      clock: this.#timeline,
      config: this.#config,
      random: this.#chance.next,
      accounts: this.#accounts,
      renewed: (account, remainingSeconds, lifetimeSeconds) => {
        this.findings.stored(account, remainingSeconds, lifetimeSeconds, this.#timeline.passedMs, true);
        this.#machine.noticeSoon(account);
      },
    });
    for (const account of this.#accounts) {
      await this.#signIn(account, tokens);
      this.#planRevocation(account, tokens);
    }
    for (const event of machineEvents(this.#chance, this.#endMs)) this.#plan(event.atMs, () => this.#happen(event));
    this.#onLoss = (account) => this.#signOut(account, tokens);
    this.#machine.start(tokens);
    for (let next = this.#script.shift(); next !== undefined; next = this.#script.shift()) {
      await this.#timeline.until(next.atMs);
      await next.happen();
    }
    await this.#timeline.until(this.#endMs);
    this.findings.close(this.#accounts, this.providers, this.#timeline.passedMs);
  }

  #onLoss: (account: Account) => void = () => undefined;

  #makeAccounts(count: number): readonly [Account, ...Account[]] {
    const accounts = this.providers.flatMap((provider) =>
      Array.from({ length: Math.max(1, Math.round(count * provider.kind.share)) }, (_, index) => ({
        address: `${index}@${provider.kind.name}.example`,
        provider,
      })),
    );
    const [first, ...rest] = accounts;
    if (first === undefined) throw new Error("there are no providers");
    return [first, ...rest];
  }

  #mood(): Mood {
    const of = (address: string) => this.#accounts.find((account) => account.address === address);
    return {
      onRetryAfter: (address, waitMs) => {
        const account = of(address);
        if (account !== undefined) this.findings.toldToWait(account, this.#timeline.passedMs, waitMs);
      },
      onLoss: (address) => {
        this.findings.lostInFlight += 1;
        const account = of(address);
        if (account !== undefined) this.#onLoss(account);
      },
    };
  }

  /** In the order of time; nothing after the end. */
  #plan(atMs: number, happen: () => void | Promise<void>): void {
    if (atMs > this.#endMs) return;
    const index = this.#script.findIndex((other) => other.atMs > atMs);
    this.#script.splice(index === -1 ? this.#script.length : index, 0, { atMs, happen });
  }

  #happen(event: MachineEvent): void {
    if (event.kind === "suspend") this.#machine.suspend(event.forMs);
    else if (event.kind === "no network") this.#machine.loseNetwork(event.forMs);
    else if (event.kind === "reboot") {
      this.#timeline.wallOffsetMs = this.#usualOffsetMs; // set right over the network
      this.#machine.reboot(event.forMs);
    } else {
      this.#timeline.wallOffsetMs += event.byMs;
      this.#plan(event.atMs + event.forMs, () => {
        this.#timeline.wallOffsetMs = this.#usualOffsetMs;
      });
    }
  }

  #planRevocation(account: Account, tokens: Tokens): void {
    const afterMs = this.#chance.until(REVOKED_EVERY_DAYS * DAY);
    this.#plan(this.#timeline.passedMs + afterMs, () => {
      if (account.provider.endOf(account.address) !== undefined) return;
      account.provider.revoke(account.address);
      this.findings.revoked += 1;
      this.#signOut(account, tokens);
    });
  }

  /** Sooner or later somebody signs in again. */
  #signOut(account: Account, tokens: Tokens): void {
    const nowMs = this.#timeline.passedMs;
    this.findings.signedOut(account, nowMs);
    this.#plan(nowMs + this.#chance.magnitude(MINUTE, 2 * DAY), () => this.#signInAgain(account, tokens));
  }

  async #signInAgain(account: Account, tokens: Tokens): Promise<void> {
    if (!this.#machine.isOnline)
      return this.#plan(this.#timeline.passedMs + HOUR, () => this.#signInAgain(account, tokens));
    await this.#signIn(account, tokens);
    this.#machine.keep(account);
    this.#planRevocation(account, tokens);
  }

  async #signIn(account: Account, tokens: Tokens): Promise<void> {
    const grant = account.provider.signIn(account.address);
    await tokens.signIn(account, grant);
    this.findings.signedIn(account, this.#timeline.passedMs);
    const { lifetimeSeconds } = grant;
    this.findings.stored(account, lifetimeSeconds, lifetimeSeconds, this.#timeline.passedMs, false);
  }
}
