/** Everybody who is connected: takes clients in, as long as there are places, and sends them away when the proxy stops. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import {
  isTlsFirst,
  protocolOf,
  type ProxyConfig,
  type ProxyLimits,
  type ProxyService,
} from "../../accounts/proxy-config.ts";
import type { MailProtocol } from "../../mail/report.ts";
import { isLoopback } from "../../platform/addresses.ts";
import { maxOpenFiles } from "../../platform/open-files.ts";
import { Turns } from "../../platform/turns.ts";
import type { Observer, SessionFacts } from "../event.ts";
import type { Speech } from "../front/front.ts";
import type { Mailboxes } from "../mailboxes.ts";
import type { Passwords } from "../passwords/passwords.ts";
import type { SessionCount } from "../status.ts";
import type { Passed } from "../telling/metrics.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { Listening } from "./listeners.ts";
import { countedNetwork, Places, type Place, type PlaceLimits } from "./places.ts";
import { Session } from "./session.ts";
import { turnAway } from "./turn-away.ts";

export interface MailServerPorts {
  readonly speeches: Readonly<Record<MailProtocol, Speech>>;
  readonly passwords: Passwords;
  readonly mailboxes: Mailboxes;
  readonly upstream: Upstream;
  readonly observe: Observer;
}

/** What a reload may change; sessions go on with what they began with. */
export type ServingSettings = Pick<ProxyConfig, "limits" | "requireTls"> & { readonly tls: SecureContext | undefined };

/** Of the proxy's own: listeners, the control socket, the agent's, the log, … */
const OWN_FILES = 100;
/** Two for each session: the client's and the server's. */
const FILES_OF_SESSION = 2;
/** What sessions that pass get to come to their end by themselves. */
const GRACE_MS = 10_000;

export class MailServer {
  readonly #ports: MailServerPorts;
  readonly #places: Places;
  readonly #handshakes: Turns;
  /** The longest here first. */
  readonly #sessions = new Set<Session>();
  /** Those that have shown no password yet and still have their places. */
  readonly #strangers = new Map<Session, Place>();
  #settings: ServingSettings;
  #count = 0;
  #emptied: (() => void) | undefined;
  #isStopping = false;

  constructor(ports: MailServerPorts, settings: ServingSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#places = new Places(affordable(settings.limits));
    this.#handshakes = new Turns(settings.limits.handshakes);
  }

  /** Logged in or not. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Of those that are logged in. */
  get counts(): SessionCount[] {
    const counts = new Map<string, SessionCount>();
    for (const { facts, isPassing } of this.#sessions) {
      const { protocol, address } = facts;
      if (!isPassing || address === undefined) continue;
      const key = `${protocol} ${address}`;
      counts.set(key, { protocol, address, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    return [...counts.values()];
  }

  /** By those that are open. */
  get passing(): Passed {
    let [up, down] = [0, 0];
    for (const { passed } of this.#sessions) {
      up += passed.up;
      down += passed.down;
    }
    return { up, down };
  }

  get handshakesWaiting(): number {
    return this.#handshakes.waiting;
  }

  set settings(settings: ServingSettings) {
    this.#settings = settings;
    this.#places.limits = affordable(settings.limits);
  }

  readonly accept = (socket: Socket, { service, address }: Listening): void => {
    const peer = socket.remoteAddress;
    if (peer === undefined || this.#isStopping) return void socket.destroy(); // it has gone already
    const place = this.#places.enter(peer) ?? (this.#makeRoom(peer) ? this.#places.enter(peer) : undefined);
    if (place === undefined) return turnAway(socket, service, "sessions", this.#ports.speeches);
    const { limits, tls, requireTls } = this.#settings;
    const isRequired = requireTls || !isLoopback(address);
    const session = new Session(socket, {
      ...this.#ports,
      speech: this.#ports.speeches[protocolOf(service)],
      facts: this.#factsOf(service, peer),
      place,
      limits,
      tls,
      tlsUse: isTlsFirst(service) ? "first" : isRequired ? "required" : "offered",
      handshakes: this.#handshakes,
      recognised: (one) => void this.#strangers.delete(one),
      ended: (one) => this.#ended(one),
    });
    this.#sessions.add(session);
    this.#strangers.set(session, place);
    session.begin();
  };

  /** Those that have not logged in are told at once; the others get some time. Resolves when all are gone, or the time is over. */
  async stop(graceMs = GRACE_MS): Promise<void> {
    this.#isStopping = true;
    for (const session of this.#sessions) if (!session.isPassing) session.stop("stopping", "stopping");
    if (await this.#emptyWithin(graceMs)) return;
    for (const session of this.#sessions) session.stop("stopping", "stopping");
    await this.#emptyWithin(graceMs);
  }

  /**
   * Whoever connects and does not log in keeps out nobody who does: the longest here of those that have not goes. A network that has all of its
   * places makes room for itself, or a crowd from there would push out everybody else.
   */
  #makeRoom(peer: string): boolean {
    const network = countedNetwork(peer);
    const isOwnMatter = this.#places.isFull(network);
    for (const [session, place] of this.#strangers) {
      if (isOwnMatter && place.network !== network) continue;
      this.#strangers.delete(session);
      session.giveWay();
      return true;
    }
    return false;
  }

  #factsOf(service: ProxyService, peer: string): SessionFacts {
    this.#count += 1;
    return { id: this.#count.toString(36), service, protocol: protocolOf(service), peer };
  }

  #ended(session: Session): void {
    this.#sessions.delete(session);
    this.#strangers.delete(session);
    if (this.#sessions.size === 0) this.#emptied?.();
  }

  async #emptyWithin(ms: number): Promise<boolean> {
    if (this.#sessions.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const isEmpty = await new Promise<boolean>((resolve) => {
      this.#emptied = () => resolve(true);
      timer = setTimeout(() => resolve(false), ms);
    });
    clearTimeout(timer);
    return isEmpty;
  }
}

/** No more than there are descriptors for. */
function affordable(limits: ProxyLimits): PlaceLimits {
  const files = Math.max(FILES_OF_SESSION, (maxOpenFiles() ?? Infinity) - OWN_FILES);
  return { ...limits, sessions: Math.min(limits.sessions, Math.floor(files / FILES_OF_SESSION)) };
}
