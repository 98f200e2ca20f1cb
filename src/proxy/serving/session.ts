/**
 * One client, from its first byte to its last: drives the protocol's front until somebody has logged in, opens the mailbox, and then lets bytes
 * pass. Every stage ends in time, and every end is said to the client where its protocol has words for it.
 */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { ProxyLimits } from "../../accounts/proxy-config.ts";
import { placeOf } from "../../errors.ts";
import type { Turns } from "../../platform/turns.ts";
import type { SessionEnd, SessionFacts } from "../event.ts";
import type { Farewell, Front, FrontOptions, Login, Speech, Step } from "../front/front.ts";
import type { Opened } from "../upstream/upstream.ts";
import { secureClient } from "./client-tls.ts";
import { openMailbox, type OpeningPorts } from "./open-mailbox.ts";
import { Relay } from "./relay.ts";

export interface SessionPorts extends OpeningPorts {
  readonly speech: Speech;
  readonly limits: Pick<ProxyLimits, "lineBytes" | "loginMs" | "idleMs">;
  /** Undefined: there is no certificate. */
  readonly tls: SecureContext | undefined;
  /** `first`: TLS from the first byte on. `required`: nobody logs in before STARTTLS. */
  readonly tlsUse: "first" | "required" | "offered";
  readonly handshakes: Turns;
  /** Its password was right. */
  readonly recognised: (session: Session) => void;
  readonly ended: (session: Session) => void;
}

const FAILURES = 3;
const COMMANDS = 100;
/** What a client may send while it waits for the answer to its login; then it is not read any more. */
const AHEAD_BYTES = 65_536;
/** For a client to take what was said to it last, and hang up. */
const LINGER_MS = 3000;
/** The same for who has to make room: its descriptor is wanted. */
const CROWDED_LINGER_MS = 100;
const KEEP_ALIVE_MS = 120_000;
const NOTHING = new Uint8Array();

export function frontOptions(tls: FrontOptions["tls"], lineBytes: number): FrontOptions {
  return { tls, login: "password", limits: { lineBytes, failures: FAILURES, commands: COMMANDS } };
}

export class Session {
  readonly #ports: SessionPorts;
  readonly #raw: Socket;
  readonly #startedAtMs = performance.now();
  readonly #gone = new AbortController();
  #facts: SessionFacts;
  /** The TLS one, once there is. */
  #socket: Socket;
  /** Until the client is in. */
  #front: Front | undefined;
  #relay: Relay | undefined;
  /** What a step asked for is under way. */
  #isBusy = false;
  #isLoggingIn = false;
  #isShakingHands = false;
  #ahead = 0;
  #hasClientEnded = false;
  /** What a client has sent beyond its login that has hung up since. */
  #rest: Uint8Array = NOTHING;
  #opened: Opened | undefined;
  #how: SessionEnd | undefined;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, ports: SessionPorts) {
    this.#raw = socket;
    this.#socket = socket;
    this.#ports = ports;
    this.#facts = ports.facts;
  }

  /** Whether bytes pass: its client has logged in. */
  get isPassing(): boolean {
    return this.#relay !== undefined;
  }

  get facts(): SessionFacts {
    return this.#facts;
  }

  get passed(): { readonly up: number; readonly down: number } {
    return { up: this.#relay?.up ?? 0, down: this.#relay?.down ?? 0 };
  }

  begin(): void {
    const raw = this.#raw;
    raw.setNoDelay(true);
    raw.setKeepAlive(true, KEEP_ALIVE_MS);
    raw.on("error", () => undefined); // `close` follows
    raw.once("close", () => this.#closed());
    this.#ports.observe({ kind: "came", session: this.#facts });
    this.#limitTime();
    if (this.#ports.tlsUse === "first") void this.#orBug(() => this.#secure());
    else this.#listen(raw);
  }

  /** Ends it with the words that its protocol has for that. */
  stop(reason: Farewell, how: SessionEnd): void {
    if (this.#relay !== undefined) return this.#relay.stop(reason, how);
    this.#finish(how, this.#front?.farewell(reason));
  }

  /** To another one. */
  giveWay(): void {
    if (this.#how === undefined) this.stop("sessions", "crowded");
    else this.#destroy(); // it has been told to go already
    this.#ports.place.leave();
  }

  #listen(socket: Socket): void {
    const { speech, tls, tlsUse, limits } = this.#ports;
    this.#socket = socket;
    if (this.#front === undefined) {
      const use = tlsUse === "first" ? "on" : tls === undefined && tlsUse === "offered" ? "absent" : tlsUse;
      this.#front = speech.front(frontOptions(use, limits.lineBytes));
    } else this.#front.secured();
    socket.on("data", this.#heard);
    socket.on("end", this.#heardAll);
    this.#proceed();
  }

  readonly #heard = (bytes: Uint8Array): void => {
    if (this.#front === undefined) return;
    this.#ahead = this.#isBusy ? this.#ahead + bytes.length : 0;
    if (this.#ahead >= AHEAD_BYTES) this.#socket.pause();
    this.#guard(() => {
      this.#front?.push(bytes);
      this.#proceed();
    });
  };

  readonly #heardAll = (): void => {
    this.#hasClientEnded = true;
    if (!this.#isLoggingIn) return this.#guard(() => this.#proceed());
    // Who has said everything already waits for what comes of it; who has said nothing beyond has gone.
    this.#rest = this.#front?.takeRest() ?? NOTHING;
    if (this.#rest.length === 0) this.#finish("client");
  };

  #proceed(): void {
    while (this.#front !== undefined && !this.#isBusy) {
      const step = this.#front.next();
      if (step !== undefined) this.#perform(step, this.#front);
      else if (this.#hasClientEnded) return this.#finish("client");
      else return;
    }
  }

  #perform(step: Step, front: Front): void {
    switch (step.kind) {
      case "say":
        if (this.#socket.write(step.text, "latin1")) return;
        this.#isBusy = true; // a client that does not listen is not read either
        this.#socket.once("drain", () => this.#goOn());
        return;
      case "leave":
        return this.#finish("refused", step.text);
      case "pass":
        return this.#pass(front);
      case "secure":
        this.#isBusy = true;
        void this.#orBug(() => this.#startTls(step.text));
        return;
      case "learn":
        return this.#doing(async () => front.learned(await this.#extensions()));
      case "log-in":
        return this.#doing(() => this.#logIn(step.login, front));
    }
  }

  /** The next step comes when this one is done. */
  #doing(work: () => Promise<void>): void {
    this.#isBusy = true;
    void this.#orBug(async () => {
      await work();
      this.#goOn();
    });
  }

  #goOn(): void {
    this.#isBusy = false;
    this.#ahead = 0;
    this.#guard(() => this.#proceed());
    if (this.#front !== undefined && !this.#isBusy) this.#socket.resume();
  }

  async #startTls(text: string): Promise<void> {
    const raw = this.#raw;
    raw.pause();
    raw.off("data", this.#heard);
    raw.off("end", this.#heardAll);
    await new Promise<void>((resolve) => {
      raw.write(text, "latin1", () => resolve());
    });
    await this.#secure();
  }

  async #secure(): Promise<void> {
    const { tls, handshakes } = this.#ports;
    this.#isShakingHands = true;
    const socket = tls === undefined ? undefined : await secureClient(this.#raw, tls, handshakes);
    if (socket === undefined || this.#how !== undefined) return this.#finish("handshake");
    this.#isShakingHands = false;
    this.#isBusy = false;
    socket.once("close", () => this.#closed());
    this.#listen(socket);
  }

  async #extensions(): Promise<readonly string[]> {
    const { upstream, mailboxes, facts } = this.#ports;
    return upstream.extensions(facts.protocol, await mailboxes.all());
  }

  async #logIn(login: Login, front: Front): Promise<void> {
    clearTimeout(this.#timer); // what it takes has limits of its own
    this.#isLoggingIn = true;
    const outcome = await openMailbox(login, this.#ports, this.#gone.signal, (facts) => {
      this.#facts = facts;
      this.#ports.recognised(this);
    });
    this.#isLoggingIn = false;
    if (this.#how !== undefined) {
      if ("socket" in outcome) outcome.socket.destroy();
      return;
    }
    this.#limitTime();
    if ("socket" in outcome) {
      this.#opened = outcome;
      return front.accepted(outcome);
    }
    this.#ports.place.giveBack();
    front.refused(outcome);
  }

  #pass(front: Front): void {
    const opened = this.#opened;
    if (opened === undefined) throw new TypeError("nobody has logged in");
    clearTimeout(this.#timer);
    const client = this.#socket;
    client.off("data", this.#heard);
    client.off("end", this.#heardAll);
    client.pause();
    const { speech, limits, observe } = this.#ports;
    this.#relay = new Relay({
      client,
      server: opened.socket,
      passage: speech.passage(),
      idleMs: limits.idleMs,
      ended: (how) => {
        this.#how = how;
        this.#over();
      },
      failed: (error) => observe({ kind: "bug", session: this.#facts, where: placeOf(error) }),
    });
    this.#front = undefined;
    this.#opened = undefined;
    this.#relay.begin(this.#hasClientEnded ? this.#rest : front.takeRest(), opened.unread);
  }

  /** Once: says it, and sees to it that the connection closes. */
  #finish(how: SessionEnd, text = ""): void {
    if (this.#how !== undefined) return;
    this.#how = how;
    this.#front = undefined;
    this.#gone.abort();
    this.#opened?.socket.destroy();
    const socket = this.#socket;
    if (this.#isShakingHands) return this.#destroy();
    socket.end(text, "latin1");
    socket.resume(); // to see it hang up
    if (how === "crowded") socket.once("finish", () => this.#destroy());
    this.#after(how === "crowded" ? CROWDED_LINGER_MS : LINGER_MS, () => this.#destroy());
  }

  #destroy(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #closed(): void {
    if (this.#relay !== undefined) return; // it sees for itself
    this.#how ??= this.#isShakingHands ? "handshake" : "client";
    this.#front = undefined;
    this.#gone.abort();
    this.#opened?.socket.destroy();
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { place, observe, ended } = this.#ports;
    clearTimeout(this.#timer);
    place.leave();
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    observe({ kind: "ended", session: this.#facts, how: this.#how ?? "client", seconds, ...this.passed });
    ended(this);
  }

  /** For the client to log in. */
  #limitTime(): void {
    this.#after(this.#ports.limits.loginMs, () => this.stop("time", "time"));
  }

  #after(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#bug(error);
    }
  }

  async #orBug(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#bug(error);
    }
  }

  /** Ends this session, and no other one. */
  #bug(error: unknown): void {
    this.#ports.observe({ kind: "bug", session: this.#facts, where: placeOf(error) });
    this.#finish("bug", this.#front?.farewell("bug"));
  }
}
