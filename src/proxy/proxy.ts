/**
 * The proxy: one process of the user's that mail programs log in to with a password, and that logs in to their mailboxes with access tokens.
 *
 * This module puts its parts together and takes them apart in the right order. Nothing in it holds a refresh token or a vault's key: the agent does.
 */
import { createSecureContext, type SecureContext } from "node:tls";
import { loadConfig, type Config } from "../accounts/config.ts";
import { isTlsFirst, PROXY_PORTS, type ProxyService } from "../accounts/proxy-config.ts";
import { findAgent } from "../agent/client/ask-agent.ts";
import { MailkeyError, placeOf } from "../errors.ts";
import { createAlarm, type Alarm } from "../platform/alarm.ts";
import { systemClock } from "../platform/clock.ts";
import { hardenProcess, type Protection } from "../platform/harden.ts";
import { openLibc, type Libc } from "../platform/libc.ts";
import { aborted } from "../platform/limit.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import { isOursOrRoots } from "../platform/peer.ts";
import { withoutIdleEnvironment } from "../platform/runtime.ts";
import { giveBackMemory } from "../platform/spare-memory.ts";
import { startSteadyTime } from "../platform/steady-time.ts";
import { Turns } from "../platform/turns.ts";
import { watchFolders } from "../platform/watch.ts";
import { busyLine, waitingLine } from "../service/dispatch.ts";
import { LineServer } from "../service/line-server.ts";
import {
  beTheOnlyOne,
  isActivated,
  listen,
  removeLeftover,
  stillThere,
  withoutActivation,
} from "../service/listening.ts";
import { Lull } from "../service/lull.ts";
import { createLog } from "../service/log.ts";
import { fileSink, logPath, stderrSink } from "../service/log-sinks.ts";
import { asMailkeyError } from "../service/wire.ts";
import { VERSION } from "../version.ts";
import { proxyLockPath, proxySocketPath } from "./client/ask-proxy.ts";
import { controlDispatcher } from "./control.ts";
import { SPEECHES } from "./front/speeches.ts";
import type { Certificate, MakeParts, Parts } from "./parts.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import { Listeners } from "./serving/listeners.ts";
import { MailServer, type ServingSettings } from "./serving/mail-server.ts";
import { turnAwayWaiting } from "./serving/turn-away.ts";
import { agentProblems, type StatusReply } from "./status.ts";
import { logObserver } from "./telling/log-events.ts";
import { MESSAGES, type ProxyLog } from "./telling/messages.ts";
import { Metrics } from "./telling/metrics.ts";

export interface ProxyPorts {
  readonly env: Environment;
  readonly paths: Paths;
  /** Aborted when the process is to end. */
  readonly signal: AbortSignal;
  /** Nobody reads standard error: the log goes into a file. */
  readonly detached: boolean;
  readonly makeParts: MakeParts;
}

/** EX_SOFTWARE: what `mailkey` ends with for a bug. A service manager starts it anew. */
const EXIT_BUG = 70;
const PRIVATE = 0o077;
/** A certificate that mailkey has made is renewed in time, and others by somebody else. */
const CERTIFICATE_LOOK_MS = 86_400_000;
/** Who asks it is the user: few at a time. */
const CONTROL_CLIENTS = 64;

/**
 * Runs until it is told to stop, by the signal or by a client of its control socket.
 *
 * @throws ERR_LOCK_TIMEOUT when another proxy runs, ERR_CONFIG, ERR_STORAGE, ERR_UNTRUSTED_FILE
 */
export async function runProxy(ports: ProxyPorts): Promise<void> {
  try {
    await runAlone(ports);
  } catch (error) {
    if (isActivated(ports.env)) await turnAwayWaiting(ports.env, SPEECHES, ports.signal);
    throw error;
  }
}

async function runAlone(ports: ProxyPorts): Promise<void> {
  const lock = await beTheOnlyOne(proxyLockPath(ports.paths));
  if (lock === undefined)
    throw new MailkeyError("ERR_LOCK_TIMEOUT", "another proxy runs already", { hint: "mailkey proxy status" });
  try {
    const config = loadConfig(ports.paths, ports.env);
    await new MailProxy(ports, config, await openLibc()).run();
  } finally {
    lock.release();
  }
}

class MailProxy {
  readonly #ports: ProxyPorts;
  readonly #log: ProxyLog;
  readonly #startedAtMs = systemClock.now().wallMs;
  readonly #libc: Libc | undefined;
  readonly #parts: Parts;
  readonly #listeners: Listeners;
  readonly #server: MailServer;
  readonly #metrics: Metrics;
  readonly #control: LineServer;
  readonly #alarm: Alarm;
  /** Settings, certificate and listeners change together. */
  readonly #changes = new Turns(1);
  readonly #stopping = new AbortController();
  /** By whichever way. */
  readonly #ending: AbortSignal;
  #config: Config;
  #certificate: Certificate | undefined;
  #protection: readonly Protection[] = [];

  constructor(ports: ProxyPorts, config: Config, libc: Libc | undefined) {
    const { paths, env, detached } = ports;
    this.#ports = ports;
    this.#ending = AbortSignal.any([ports.signal, this.#stopping.signal]);
    this.#config = config;
    this.#libc = libc;
    this.#log = createLog(
      MESSAGES,
      systemClock,
      config.proxy.logLevel,
      detached ? fileSink(logPath(paths, "proxy")) : stderrSink(env),
    );
    this.#parts = ports.makeParts({
      env: withoutIdleEnvironment(withoutActivation(env)),
      paths,
      config: () => this.#config,
    });
    const nowMs = startSteadyTime(systemClock);
    this.#alarm = createAlarm(libc, nowMs);
    const lull = new Lull(createAlarm(libc, nowMs), () => giveBackMemory(libc));
    const observers = [logObserver(this.#log), () => lull.work()];
    this.#server = new MailServer(
      {
        speeches: SPEECHES,
        ...this.#parts,
        observe: (event) => {
          for (const observe of observers) observe(event);
        },
      },
      this.#settings(),
    );
    this.#metrics = new Metrics({
      clock: systemClock,
      sessions: () => this.#server.counts,
      connections: () => this.#server.connections,
      handshakesWaiting: () => this.#server.handshakesWaiting,
      passing: () => this.#server.passing,
      certificateEndsAtMs: () => this.#certificate?.endsAtMs,
    });
    observers.push(this.#metrics.observe);
    this.#listeners = new Listeners(this.#server.accept, env);
    this.#control = this.#makeControl();
  }

  async run(): Promise<void> {
    const { paths } = this.#ports;
    for (const kind of ["uncaughtException", "unhandledRejection"] as const) process.once(kind, this.#breakDown);
    process.umask(PRIVATE);
    process.on("SIGHUP", () => void this.#reload().catch(() => undefined)); // the log has it
    this.#protection = hardenProcess(this.#libc);
    await listen(this.#control, proxySocketPath(paths), false);
    const isReachable = stillThere(proxySocketPath(paths));
    try {
      await this.#changes.take(() => this.#open());
    } catch (error) {
      this.#leave(isReachable);
      throw error;
    }
    const place = watchFolders([paths.runtime], () => {
      if (isReachable()) return;
      this.#log("unreachable");
      this.#stopping.abort();
    });
    for (const { text, isOn } of this.#protection) if (!isOn) this.#log("not-hardened", { missing: text });
    this.#log("started", { version: VERSION, pid: process.pid, socket: proxySocketPath(paths) });
    this.#tellListening();
    this.#expectCertificate();
    await aborted(this.#ending);
    this.#alarm.clear();
    place.close();
    this.#log("stopping");
    await this.#changes.take(() => Promise.resolve(this.#listeners.close()));
    await this.#server.stop();
    await this.#control.finish();
    this.#leave(isReachable);
  }

  /** The certificate first: who has had systemd start the proxy is connected already, and may begin with TLS. */
  async #open(): Promise<void> {
    this.#certificate = await this.#parts.certificate(this.#config);
    this.#server.settings = this.#settings();
    await this.#listeners.set(this.#config.proxy, this.#certificate !== undefined);
  }

  #leave(isReachable: () => boolean): void {
    if (!isReachable()) return;
    this.#control.close();
    removeLeftover(proxySocketPath(this.#ports.paths));
  }

  #makeControl(): LineServer {
    return new LineServer({
      answer: controlDispatcher(
        {
          status: () => this.#status(),
          metrics: () => this.#metrics.write(),
          reload: () => this.#reload(),
          stop: () => setImmediate(() => this.#stopping.abort()), // after the answer
        },
        this.#ports.paths,
      ),
      waiting: waitingLine(PROTOCOL_VERSION),
      busy: busyLine(PROTOCOL_VERSION),
      page: (path) => (path === "/metrics" ? { type: Metrics.CONTENT_TYPE, body: this.#metrics.write() } : undefined),
      admits: ({ descriptor }) => isOursOrRoots(this.#libc, descriptor),
      limits: { clients: CONTROL_CLIENTS },
      ended: (fate) => {
        if (fate === "refused") this.#log("client-refused");
      },
    });
  }

  #settings(): ServingSettings {
    const { limits, requireTls } = this.#config.proxy;
    return { limits, requireTls, tls: this.#certificate === undefined ? undefined : contextOf(this.#certificate) };
  }

  /** @throws ERR_CONFIG and its kin, with the old settings still in force */
  async #reload(): Promise<void> {
    try {
      await this.#change(() => loadConfig(this.#ports.paths, this.#ports.env));
    } catch (error) {
      this.#log("settings-refused", { reason: asMailkeyError(error, "proxy").message });
      throw error;
    }
    this.#log("reloaded");
    this.#tellListening();
  }

  #expectCertificate(): void {
    this.#alarm.set(CERTIFICATE_LOOK_MS, () => {
      this.#expectCertificate();
      void this.#lookAtCertificate();
    });
  }

  async #lookAtCertificate(): Promise<void> {
    const before = this.#certificate;
    try {
      await this.#change(() => this.#config);
      if (this.#certificate?.certificate === before?.certificate) return;
      this.#log("certificate-changed", { file: this.#certificate?.file });
    } catch (error) {
      this.#log("certificate-refused", { reason: asMailkeyError(error, "proxy").message });
    }
  }

  /** One at a time, and all of it or nothing: what is wrong in it changes nothing. Sessions go on with what they began with. */
  async #change(read: () => Config): Promise<void> {
    return this.#changes.take(async () => {
      if (this.#ending.aborted)
        throw new MailkeyError("ERR_PROGRAM", "the proxy is about to end", { hint: "mailkey proxy start" });
      const before = { config: this.#config, certificate: this.#certificate };
      try {
        this.#config = read();
        await this.#open();
      } catch (error) {
        this.#config = before.config;
        this.#certificate = before.certificate;
        this.#server.settings = this.#settings();
        throw error;
      }
    });
  }

  #tellListening(): void {
    for (const { service, address, port } of this.#listeners.all) this.#log("listening", { service, address, port });
    for (const service of this.#unserved()) this.#log("not-served", { service });
  }

  /** What the configuration wants, and there is no certificate for. */
  #unserved(): ProxyService[] {
    const served = new Set(this.#listeners.all.map(({ service }) => service));
    const wanted = (Object.keys(PROXY_PORTS) as ProxyService[]).filter((name) => this.#config.proxy.ports[name]);
    return this.#certificate === undefined ? wanted.filter((name) => isTlsFirst(name) && !served.has(name)) : [];
  }

  /** A bug outside of any session: what else is wrong nobody knows. Its words are not shown, for they may hold what it stumbled over. */
  readonly #breakDown = (error: unknown): never => {
    this.#log("bug", { where: placeOf(error) });
    process.exit(EXIT_BUG);
  };

  async #status(): Promise<StatusReply> {
    const { paths, env } = this.#ports;
    const agent = await findAgent(paths);
    const certificate = this.#certificate;
    return {
      v: PROTOCOL_VERSION,
      version: VERSION,
      pid: process.pid,
      started_at_ms: this.#startedAtMs,
      started_by: isActivated(env) ? "socket" : "command",
      socket: proxySocketPath(paths),
      listening: this.#listeners.all,
      not_served: this.#unserved(),
      connections: this.#server.connections,
      sessions: this.#server.counts,
      logins: this.#metrics.logins,
      bytes: this.#metrics.passed,
      certificate: certificate === undefined ? undefined : { file: certificate.file, ends_at_ms: certificate.endsAtMs },
      agent,
      protection: this.#protection,
      problems: [...agentProblems(agent), ...(await this.#parts.problems())],
    };
  }
}

function contextOf({ certificate, key }: Certificate): SecureContext {
  return createSecureContext({ cert: certificate, key, minVersion: "TLSv1.2" });
}
