/**
 * One client, from its first byte to its last: drives the protocol's front until somebody has logged in, opens the mailbox, and then lets bytes
 * pass. Every stage ends in time, and every end is said to the client where its protocol has words for it.
 */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { ProxyLimits } from "../../accounts/proxy-config.ts";
import { isMailkeyError, placeOf } from "../../errors.ts";
import type { Turns } from "../../platform/turns.ts";
import type { Observer, SessionEnd, SessionFacts } from "../event.ts";
import type { Farewell, Front, FrontOptions, Login, Speech, Step } from "../front/front.ts";
import type { Mailbox, Mailboxes } from "../mailboxes.ts";
import type { Passwords } from "../passwords/passwords.ts";
import type { Refusal } from "../refusal.ts";
import type { Opened, Upstream } from "../upstream/upstream.ts";
import { secureClient } from "./client-tls.ts";
import type { Place } from "./places.ts";
import { Relay } from "./relay.ts";

export interface SessionPorts {
  readonly facts: SessionFacts;
  readonly place: Place;
  readonly speech: Speech;
  readonly passwords: Passwords;
  readonly mailboxes: Mailboxes;
  readonly upstream: Upstream;
  readonly limits: Pick<ProxyLimits, "lineBytes" | "loginMs" | "idleMs">;
  /** Undefined: there is no certificate. */
  readonly tls: SecureContext | undefined;
  /** `first`: TLS from the first byte on. `required`: nobody logs in before STARTTLS. */
  readonly tlsUse: "first" | "required" | "offered";
  readonly handshakes: Turns;
  readonly observe: Observer;
  readonly loggedIn: (session: Session) => void;
  readonly ended: (session: Session) => void;
}

const FAILURES = 3;
const COMMANDS = 100;
/** What a client may send while it waits for the answer to its login; then it is not read any more. */
const AHEAD_BYTES = 65_536;
/** For a client to take what was said to it last, and hang up. */
const LINGER_MS = 3000;
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

  get isLoggingIn(): boolean {
    return this.#isLoggingIn;
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
    this.stop("sessions", "crowded");
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
    const outcome = await this.#open(login);
    this.#isLoggingIn = false;
    if (this.#how !== undefined) {
      if ("socket" in outcome) outcome.socket.destroy();
      return;
    }
    if ("socket" in outcome) {
      this.#opened = outcome;
      return front.accepted(outcome);
    }
    this.#ports.place.giveBack();
    this.#limitTime();
    front.refused(outcome);
  }

  async #open({ user = "", password, clientName }: Login): Promise<Opened | Refusal> {
    const { passwords, place, upstream, observe } = this.#ports;
    const told = (refusal: Refusal): Refusal => {
      const reason = "words" in refusal ? refusal.words : undefined;
      observe({ kind: "login", session: this.#facts, outcome: refusal.kind, reason });
      return refusal;
    };
    if (password === undefined) return told({ kind: "password" });
    const verdict = await passwords.verify(user, password, this.#facts.peer);
    if (verdict.kind === "wrong") return told({ kind: "password" });
    if (verdict.kind !== "right") return told(verdict);
    const mailbox = await this.#mailboxOf(user);
    if ("kind" in mailbox) return told(mailbox);
    this.#facts = { ...this.#facts, address: mailbox.address, device: verdict.device };
    if (!place.take(mailbox.address)) return told({ kind: "sessions" });
    const sinceMs = performance.now();
    const seconds = () => (performance.now() - sinceMs) / 1000;
    const tell = (outcome: "good" | "gone" | Refusal["kind"], reason?: string) =>
      observe({ kind: "login", session: this.#facts, outcome, reason, upstreamSeconds: seconds() });
    try {
      const { signal } = this.#gone;
      const opened = await upstream.open({ protocol: this.#facts.protocol, mailbox, clientName, signal });
      if ("socket" in opened) tell("good");
      else tell(opened.kind, "words" in opened ? opened.words : undefined);
      return opened;
    } catch (error) {
      if (!this.#gone.signal.aborted) throw error;
      tell("gone");
      return { kind: "unavailable", words: "gone" };
    }
  }

  async #mailboxOf(user: string): Promise<Mailbox | Refusal> {
    try {
      const mailbox = await this.#ports.mailboxes.find(user);
      return mailbox ?? { kind: "needed", words: "there is no such account any more", hint: "mailkey list" };
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      return { kind: "needed", words: error.message, hint: error.hint };
    }
  }

  #pass(front: Front): void {
    const opened = this.#opened;
    if (opened === undefined) throw new TypeError("nobody has logged in");
    clearTimeout(this.#timer);
    this.#ports.loggedIn(this);
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
    this.#after(LINGER_MS, () => this.#destroy());
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
