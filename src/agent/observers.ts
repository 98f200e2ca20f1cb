/** Everything that is told what happens in the agent, put together: log, metrics, warnings with hooks and notifications, token files. */
import type { Config } from "../accounts/config.ts";
import type { Alarm } from "../platform/alarm.ts";
import type { Clock } from "../platform/clock.ts";
import { commandPath } from "../platform/command-path.ts";
import { isInMemory } from "../platform/memory-folder.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import type { AgentEvent, Target } from "./event.ts";
import { Hooks } from "./telling/hooks.ts";
import { logObserver, logOccasion } from "./telling/log-events.ts";
import type { AgentLog } from "./telling/messages.ts";
import { Metrics } from "./telling/metrics.ts";
import { Notifications } from "./telling/notify.ts";
import { addressOf } from "./renewing/roster.ts";
import { signInLaunch } from "./telling/sign-in-launch.ts";
import { TokenFiles } from "./token-files.ts";
import { Warnings } from "./telling/warnings.ts";

export interface ObserverPorts {
  readonly env: Environment;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Of the moment when the agent started; a changed hook counts from the next start on. */
  readonly config: Config;
  readonly wantsFile: (target: Target) => boolean;
  readonly providerOf: (address: string) => string | undefined;
  readonly clients: () => number;
  /** Makes one for each who needs it. */
  readonly alarm: () => Alarm;
}

export class Observers {
  readonly metrics: Metrics;
  readonly tokenFiles: TokenFiles;
  readonly warnings: Warnings;
  readonly #hooks: Hooks;
  readonly #notifications: Notifications | undefined;
  readonly #all: readonly ((event: AgentEvent) => void)[];

  constructor({ env, paths, clock, log, config, wantsFile, providerOf, clients, alarm }: ObserverPorts) {
    const launch = { paths, env, platform: process.platform, mailkey: commandPath(env) };
    this.#hooks = new Hooks({ commands: config.hooks, env, log });
    this.#notifications = config.agent.notifications
      ? new Notifications({ env, platform: process.platform, log, launch: (address) => signInLaunch(address, launch) })
      : undefined;
    this.warnings = new Warnings({
      paths,
      env,
      clock,
      alarm: alarm(),
      log,
      tell: (occasion) => {
        logOccasion(log, occasion);
        this.#hooks.tell(occasion);
        this.#notifications?.tell(occasion);
      },
      mended: (address) => {
        log("mended", { address });
        this.#notifications?.mended(address);
      },
    });
    this.tokenFiles = new TokenFiles({
      paths,
      clock,
      alarm: alarm(),
      wants: wantsFile,
      isInMemory,
      warn: (reason) => log("token-file-failed", { reason }),
    });
    this.metrics = new Metrics({
      clock,
      provider: providerOf,
      signInEnds: () => this.warnings.signInEnds,
      clients,
      memory: () => process.memoryUsage.rss(),
    });
    this.#all = [
      this.tokenFiles.observe, // programs may be waiting for the file
      logObserver(log),
      this.metrics.observe,
      this.warnings.observe,
      this.#hooks.observe,
    ];
  }

  readonly observe = (event: AgentEvent): void => {
    for (const each of this.#all) each(event);
  };

  /** Accounts have changed. */
  review(): void {
    this.tokenFiles.review();
    void this.warnings.look();
  }

  /** Files of `accounts/` or `status/` have. */
  filesChanged(names: ReadonlySet<string>): void {
    if ([...names].some((name) => name.endsWith(".toml"))) return this.review();
    for (const address of [...names].flatMap(addressOf)) void this.warnings.lookAt(address);
  }

  async stop(): Promise<void> {
    this.warnings.stop();
    this.#notifications?.stop();
    await this.#hooks.stop();
  }
}
