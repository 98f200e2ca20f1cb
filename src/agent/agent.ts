/**
 * The agent: one process of the user's that keeps the vault open, renews every token ahead of its end, and answers on a socket.
 *
 * This module puts its parts together and takes them apart in the right order. Nothing in it is needed for correctness: whoever finds
 * no agent does the same by the same token path, and locks, vault and files are shared with it.
 */
import { join } from "node:path";
import { loadConfig, type Config } from "../accounts/config.ts";
import { placeOf } from "../errors.ts";
import { createAlarm } from "../platform/alarm.ts";
import { systemClock } from "../platform/clock.ts";
import { ownCommand } from "../platform/command-path.ts";
import { hardenProcess, type Protection } from "../platform/harden.ts";
import { openLibc, type Libc } from "../platform/libc.ts";
import { aborted, within } from "../platform/limit.ts";
import { maxOpenFiles } from "../platform/open-files.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { isOursOrRoots } from "../platform/peer.ts";
import type { Secret } from "../platform/secret.ts";
import { withoutIdleEnvironment } from "../platform/runtime.ts";
import { giveBackMemory } from "../platform/spare-memory.ts";
import { SecretMemory } from "../platform/secret-memory.ts";
import { startSteadyTime } from "../platform/steady-time.ts";
import { watchFolders } from "../platform/watch.ts";
import { MAX_WAITING } from "../platform/unix-listener.ts";
import { VERSION } from "../version.ts";
import { socketPath } from "./client/ask-agent.ts";
import { leaseFor } from "./lease.ts";
import { Budget } from "./renewing/budget.ts";
import { dispatcher, type Operations } from "./serving/dispatch.ts";
import type { AgentEvent } from "./event.ts";
import { isActivated, listen, removeLeftover, stillThere, withoutActivation } from "../service/listening.ts";
import { agentLockPath, beTheOnlyAgent } from "./only-one.ts";
import { busyLine, waitingLine } from "../service/dispatch.ts";
import { asMailkeyError } from "../service/wire.ts";
import { createLog } from "../service/log.ts";
import { MESSAGES, type AgentLog } from "./telling/messages.ts";
import { fileSink, logPath, stderrSink } from "../service/log-sinks.ts";
import { Metrics } from "./telling/metrics.ts";
import { Lull } from "../service/lull.ts";
import { Observers } from "./observers.ts";
import { Keeper } from "./renewing/keeper.ts";
import { MAX_REQUEST_BYTES, PROTOCOL_VERSION } from "./protocol.ts";
import { LineServer, MAX_CLIENTS } from "../service/line-server.ts";
import type { StatusReply } from "./status.ts";
import { TokenService } from "./serving/tokens.ts";
import { VaultLock } from "./unlocking/unlock.ts";

export interface AgentPorts {
  readonly env: Environment;
  readonly paths: Paths;
  /** Aborted when the process is to end. */
  readonly signal: AbortSignal;
  /** Nobody reads standard error: the log goes into a file. */
  readonly detached: boolean;
}

/** EX_SOFTWARE: what `mailkey` ends with for a bug. A service manager starts it anew. */
const EXIT_BUG = 70;
const PRIVATE = 0o077;
/** A renewal that is under way is waited for: what it brings may exist nowhere else. */
const LAST_ATTEMPT_MS = 15_000;
/** Of the agent's own: those that are always open, and pipes to the programs that it runs. */
const OWN_FILES = 100;

/**
 * Runs until it is told to stop, by the signal or by a client.
 *
 * @throws ERR_LOCK_TIMEOUT when another agent runs, ERR_CONFIG, ERR_STORAGE, ERR_UNTRUSTED_FILE
 */
export async function runAgent(ports: AgentPorts): Promise<void> {
  const lock = await beTheOnlyAgent(ports.paths);
  try {
    const config = loadConfig(ports.paths, ports.env);
    const agent = new Agent(ports, config, await openLibc());
    await agent.run();
  } finally {
    lock.release();
  }
}

class Agent {
  readonly #ports: AgentPorts;
  readonly #env: Environment;
  readonly #log: AgentLog;
  readonly #startedAtMs = systemClock.now().wallMs;
  readonly #libc: Libc | undefined;
  readonly #vault: VaultLock;
  readonly #tokens: TokenService;
  readonly #keeper: Keeper;
  readonly #observers: Observers;
  readonly #server: LineServer;
  readonly #lull: Lull;
  readonly #stopping = new AbortController();
  /** By whichever way. */
  readonly #ending: AbortSignal;
  #config: Config;
  #protection: readonly Protection[] = [];

  constructor(ports: AgentPorts, config: Config, libc: Libc | undefined) {
    const { paths, detached } = ports;
    const nowMs = startSteadyTime(systemClock);
    const alarm = () => createAlarm(libc, nowMs);
    this.#ports = ports;
    this.#ending = AbortSignal.any([ports.signal, this.#stopping.signal]);
    this.#config = config;
    this.#libc = libc;
    this.#env = withoutIdleEnvironment(withoutActivation(ports.env));
    this.#lull = new Lull(alarm(), () => giveBackMemory(libc));
    this.#log = createLog(
      MESSAGES,
      systemClock,
      config.agent.logLevel,
      detached ? fileSink(logPath(paths, "agent")) : stderrSink(ports.env),
    );
    this.#vault = new VaultLock({
      paths,
      env: this.#env,
      alarm: alarm(),
      clock: systemClock,
      memory: new SecretMemory(libc),
      program: ownCommand(),
      config: () => this.#config.agent,
      observe: (event) => this.#lockChanged(event),
    });
    const budget = new Budget({ nowMs, alarm: alarm() });
    const leasePorts = {
      env: this.#env,
      paths,
      config: () => this.#config,
      signal: this.#ending,
      vault: this.#vault,
      budget,
    };
    this.#tokens = new TokenService({
      lease: (forClient) => leaseFor(leasePorts, forClient),
      clock: systemClock,
      observe: (event) => this.#observe(event),
      attempted: (target, attempt) => this.#keeper.attempted(target, attempt),
      answered: (source, seconds, code) => {
        this.#lull.work();
        this.#observers.metrics.answered(source, seconds, code);
        this.#log("answered", { from: source, error: code });
      },
    });
    this.#keeper = new Keeper({
      paths,
      clock: systemClock,
      nowMs,
      alarm: alarm(),
      budget,
      config: () => this.#config,
      renew: (target, minTtlSeconds) => this.#tokens.renew(target, minTtlSeconds),
      isUnlocked: () => this.#vault.isUnlocked,
      observe: (event) => this.#observe(event),
    });
    this.#observers = new Observers({
      env: this.#env,
      paths,
      clock: systemClock,
      log: this.#log,
      config,
      wantsFile: (target) => this.#keeper.wantsFile(target),
      providerOf: (address) => this.#keeper.providerOf(address),
      clients: () => this.#server.counts.connected,
      alarm,
    });
    this.#server = new LineServer({
      answer: dispatcher(this.#operations(), paths),
      waiting: waitingLine(PROTOCOL_VERSION),
      busy: busyLine(PROTOCOL_VERSION),
      page: (path) =>
        path === "/metrics" ? { type: Metrics.CONTENT_TYPE, body: this.#observers.metrics.write() } : undefined,
      admits: ({ descriptor }) => isOursOrRoots(this.#libc, descriptor),
      limits: { clients: placesForClients(), requestBytes: MAX_REQUEST_BYTES },
      listening: ({ descriptor }) => this.#widenQueue(descriptor),
      ended: (fate) => {
        this.#observers.metrics.clientEnded(fate);
        if (fate === "refused") this.#log("client-refused");
        if (fate === "timed_out") this.#log("client-timed-out");
      },
    });
  }

  /** Bun's queue has 512 places, whatever it is asked for; who finds it full is told that nobody listens. */
  #widenQueue(descriptor: number | undefined): void {
    if (descriptor !== undefined) this.#libc?.listen(descriptor, MAX_WAITING);
  }

  async run(): Promise<void> {
    const { paths, env } = this.#ports;
    for (const kind of ["uncaughtException", "unhandledRejection"] as const) process.once(kind, this.#breakDown);
    const activated = isActivated(env);
    process.umask(PRIVATE); // whoever started it may have had none, and hooks inherit it
    this.#protection = hardenProcess(this.#libc);
    this.#observers.tokenFiles.start();
    await listen(this.#server, socketPath(paths), activated);
    const isReachable = stillThere(socketPath(paths));
    const isTheOnlyOne = stillThere(agentLockPath(paths));
    await this.#review();
    this.#keeper.start();
    const watch = watchFolders([join(paths.config, "accounts"), join(paths.state, "status")], (names) => {
      void this.#orLogged(() => this.#filesChanged(names)).catch(() => undefined);
    });
    const place = watchFolders([paths.runtime], () => {
      if (isReachable()) return;
      this.#log("unreachable");
      this.#stopping.abort();
    });
    const reload = () => void this.#reload().catch(() => undefined); // the log has it
    process.on("SIGHUP", reload);
    for (const { text, isOn } of this.#protection) if (!isOn) this.#log("not-hardened", { missing: text });
    this.#lull.work(); // starting was
    this.#log("started", { version: VERSION, pid: process.pid, socket: socketPath(paths) });
    await aborted(this.#ending);
    process.off("SIGHUP", reload);
    watch.close();
    place.close();
    if (isReachable()) this.#leave(activated);
    if (!isTheOnlyOne()) this.#observers.tokenFiles.disown();
    await this.#end();
  }

  /** New clients do without. Closing removes the socket of that path, which has to be our own. */
  #leave(activated: boolean): void {
    this.#server.close();
    if (!activated) removeLeftover(socketPath(this.#ports.paths));
  }

  /** Those that wait get what is under way, unless it is a person's answer; then everything is forgotten. */
  async #end(): Promise<void> {
    this.#log("stopping");
    this.#vault.takeQuestionAway();
    const underWay = [this.#keeper.stop(), this.#tokens.settled(), this.#server.finish()];
    await within(LAST_ATTEMPT_MS, Promise.all(underWay));
    this.#vault.lock("stopping");
    await this.#observers.stop();
  }

  /** A bug. What is under way is not to be trusted any more; the words of the error are not shown, for they may hold what it stumbled over. */
  readonly #breakDown = (error: unknown): never => {
    this.#log("bug", { where: placeOf(error) });
    this.#vault.lock("stopping");
    process.exit(EXIT_BUG);
  };

  #observe(event: AgentEvent): void {
    this.#lull.work();
    this.#keeper.observe(event);
    this.#observers.observe(event);
  }

  #operations(): Operations {
    return {
      tokens: this.#tokens,
      status: () => this.#status(),
      metrics: () => this.#observers.metrics.write(),
      lock: () => this.#vault.lock("asked"),
      unlock: (passphrase, env) => this.#unlock(passphrase, env),
      reload: () => this.#reload(),
      stop: () => setImmediate(() => this.#stopping.abort()), // after the answer
    };
  }

  #lockChanged(event: Extract<AgentEvent, { kind: "locked" | "unlocked" }>): void {
    this.#observe(event);
    if (event.kind === "unlocked") return this.#keeper.vaultUnlocked();
    this.#tokens.forget();
    this.#keeper.vaultLocked();
  }

  async #unlock(passphrase: Secret | undefined, env: Environment): Promise<void> {
    try {
      await this.#vault.unlock({ passphrase, env });
    } catch (error) {
      this.#log("unlock-failed", { reason: asMailkeyError(error, "agent").message });
      throw error;
    }
  }

  async #reload(): Promise<void> {
    const { lockAfterMs } = this.#config.agent;
    await this.#orLogged(async () => {
      this.#config = loadConfig(this.#ports.paths, this.#env);
      if (this.#config.agent.lockAfterMs !== lockAfterMs) this.#vault.lockAfterChanged();
      this.#tokens.forget();
      await this.#review();
    });
    this.#keeper.reconsider();
    this.#log("reloaded");
  }

  /** The folders may be on a disk that is not there at the moment: the agent goes on with what it has. */
  async #orLogged(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log("settings-refused", { reason: asMailkeyError(error, "agent").message });
      throw error;
    }
  }

  async #review(): Promise<void> {
    await this.#keeper.review();
    this.#observers.review();
  }

  async #filesChanged(names: ReadonlySet<string>): Promise<void> {
    await this.#keeper.filesChanged(names);
    this.#observers.filesChanged(names);
  }

  async #status(): Promise<StatusReply> {
    const { paths, env } = this.#ports;
    const { state, needs, locksAtMs, memory } = await this.#vault.status();
    return {
      v: PROTOCOL_VERSION,
      version: VERSION,
      pid: process.pid,
      started_at_ms: this.#startedAtMs,
      started_by: isActivated(env) ? "socket" : "command",
      socket: socketPath(paths),
      state,
      needs,
      locks_at_ms: locksAtMs,
      memory,
      protection: this.#protection,
      clients: this.#server.counts,
      tokens: this.#keeper.status(),
      token_files: { addresses: this.#observers.tokenFiles.addresses, problem: this.#observers.tokenFiles.problem },
    };
  }
}

/** As many as the server likes to have, unless that would leave the agent no descriptors for its own work. */
function placesForClients(): number {
  return Math.max(1, Math.min(MAX_CLIENTS, (maxOpenFiles() ?? Infinity) - OWN_FILES));
}
