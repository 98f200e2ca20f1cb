/**
 * The user's own commands: run when somebody has to sign in, a token was renewed, or renewing fails.
 *
 * A hook never delays the agent. Each has a queue of its own and runs once at a time; one that does not end is ended, with everything
 * that it has started. What happened is in its environment, nothing of it in the line that the shell reads, and nothing secret in either.
 */
import type { Hooks as HookCommands } from "../../accounts/config.ts";
import type { Environment } from "../../platform/paths.ts";
import { peerText } from "../../platform/text.ts";
import type { AgentEvent } from "../event.ts";
import { runHook, type HookRun } from "./hook-run.ts";
import type { LogValues } from "../../service/log.ts";
import type { AgentLog } from "./messages.ts";
import { isoTime } from "./log-events.ts";
import type { Occasion, OccasionKind } from "./occasion.ts";

export type HookName = "needs_login" | "renewed" | "error";

export interface HookPorts {
  readonly commands: HookCommands;
  /** What hooks inherit. */
  readonly env: Environment;
  readonly log: AgentLog;
  /** Milliseconds that a hook may take; a minute unless given. */
  readonly limitMs?: number;
}

interface Job {
  readonly name: HookName;
  readonly command: string;
  readonly values: Readonly<Record<string, string>>;
}

const LIMIT_MS = 60_000;
/** More than there are accounts on any machine: they may all be renewed at once. */
const MAX_WAITING = 1000;
const MAX_VALUE_LENGTH = 500;

const HOOK_OF: Readonly<Record<OccasionKind, HookName>> = {
  "sign-in-over": "needs_login",
  "sign-in-ends": "needs_login",
  "client-ends": "error",
  failing: "error",
};

export class Hooks {
  readonly #ports: HookPorts;
  readonly #waiting = new Map<HookName, Job[]>();
  readonly #running = new Map<HookName, HookRun>();
  #isStopped = false;

  constructor(ports: HookPorts) {
    this.#ports = ports;
  }

  /** An observer of the agent's: runs `renewed`. */
  readonly observe = (event: AgentEvent): void => {
    if (event.kind !== "token" || !event.isNew) return;
    const { target, token } = event;
    this.#enqueue("renewed", this.#ports.commands.renewed, { ...target, endsAtMs: token.expiresAtMs });
  };

  /** Runs `needs_login` or `error`. */
  tell(occasion: Occasion): void {
    const name = HOOK_OF[occasion.kind];
    const { needsLogin, error } = this.#ports.commands;
    this.#enqueue(name, name === "needs_login" ? needsLogin : error, occasion);
  }

  /** Ends what runs, and forgets what waits. Resolves when no hook is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    await Promise.all([...this.#running.values()].map((run) => run.end()));
  }

  #enqueue(name: HookName, command: string | undefined, about: Partial<Occasion> & { readonly address: string }): void {
    if (command === undefined || this.#isStopped) return;
    const waiting = this.#waiting.get(name) ?? [];
    if (waiting.length >= MAX_WAITING) return this.#ports.log("hook-skipped", { hook: name, address: about.address });
    const { address, resource = "", reason = "", hint = "", endsAtMs } = about;
    const values = {
      MAILKEY_EVENT: name,
      MAILKEY_ADDRESS: address,
      MAILKEY_RESOURCE: resource,
      MAILKEY_REASON: reason,
      MAILKEY_HINT: hint,
      MAILKEY_ENDS_AT: endsAtMs === undefined ? "" : isoTime(endsAtMs),
    };
    waiting.push({ name, command, values });
    this.#waiting.set(name, waiting);
    this.#next(name);
  }

  #next(name: HookName): void {
    if (this.#isStopped || this.#running.has(name)) return;
    const job = this.#waiting.get(name)?.shift();
    if (job !== undefined) this.#start(job);
  }

  #start({ name, command, values }: Job): void {
    const { log, env, limitMs = LIMIT_MS } = this.#ports;
    const about = { hook: name, address: values["MAILKEY_ADDRESS"] };
    const clean = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, peerText(value, MAX_VALUE_LENGTH)]),
    );
    log("hook-started", about);
    const run = runHook(command, { ...env, ...clean }, limitMs, (text) => log("hook-printed", { ...about, text }));
    this.#running.set(name, run);
    void this.#finish(name, run, about);
  }

  async #finish(name: HookName, run: HookRun, about: LogValues): Promise<void> {
    const end = await run.ended;
    this.#running.delete(name);
    if (end === "exit 0") this.#ports.log("hook-ended", about);
    else this.#ports.log("hook-failed", { ...about, how: end });
    this.#next(name);
  }
}
