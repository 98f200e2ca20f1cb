/**
 * One client, from its first byte to its last: a conversation until somebody has logged in, then a relay. Every stage ends in time, and every end
 * is said to the client where its protocol has words for it.
 */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { ProxyLimits } from "../../accounts/proxy-config.ts";
import { placeOf } from "../../errors.ts";
import type { Turns } from "../../platform/turns.ts";
import type { SessionEnd, SessionFacts } from "../event.ts";
import type { Farewell, FrontOptions, Login, Speech } from "../front/front.ts";
import type { Refusal } from "../refusal.ts";
import type { Opened } from "../upstream/upstream.ts";
import { secureClient } from "./client-tls.ts";
import { Conversation } from "./conversation.ts";
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
/** For a client to take what was said to it last, and hang up. */
const LINGER_MS = 3000;
/** The same for who has to make room: its descriptor is wanted. */
const CROWDED_LINGER_MS = 100;
const KEEP_ALIVE_MS = 120_000;

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
  #isShakingHands = false;
  /** Until the client is in. */
  #conversation: Conversation | undefined;
  #relay: Relay | undefined;
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
    const { tls, tlsUse } = this.#ports;
    if (tlsUse !== "first") this.#converse(tls === undefined && tlsUse === "offered" ? "absent" : tlsUse);
    else
      this.#secure().then(
        (socket) => socket !== undefined && this.#converse("on"),
        (error: unknown) => this.#bug(error),
      );
  }

  /** Ends it with the words that its protocol has for that. */
  stop(reason: Farewell, how: SessionEnd): void {
    if (this.#relay !== undefined) return this.#relay.stop(reason, how);
    this.#finish(how, this.#conversation?.farewell(reason));
  }

  /** To another one. */
  giveWay(): void {
    if (this.#how === undefined) this.stop("sessions", "crowded");
    else this.#destroy(); // it has been told to go already
    this.#ports.place.leave();
  }

  #converse(tls: FrontOptions["tls"]): void {
    const { speech, limits, upstream, mailboxes, facts } = this.#ports;
    this.#conversation = new Conversation(this.#socket, speech.front(frontOptions(tls, limits.lineBytes)), {
      secure: () => this.#secure(),
      learn: async () => upstream.extensions(facts.protocol, await mailboxes.all()),
      logIn: (login) => this.#logIn(login),
      pass: (opened, rest) => this.#pass(opened, rest),
      leave: (how, text) => this.#finish(how, text),
      failed: (error) => this.#bug(error),
    });
    this.#conversation.begin();
  }

  /** @returns undefined when that was the end */
  async #secure(): Promise<Socket | undefined> {
    const { tls, handshakes } = this.#ports;
    this.#isShakingHands = true;
    const socket = tls === undefined ? undefined : await secureClient(this.#raw, tls, handshakes);
    if (socket === undefined || this.#how !== undefined) {
      this.#finish("handshake");
      return undefined;
    }
    this.#isShakingHands = false;
    socket.once("close", () => this.#closed());
    this.#socket = socket;
    return socket;
  }

  async #logIn(login: Login): Promise<Opened | Refusal> {
    const { place, recognised } = this.#ports;
    clearTimeout(this.#timer); // what it takes has limits of its own
    const outcome = await openMailbox(login, this.#ports, this.#gone.signal, (facts) => {
      this.#facts = facts;
      recognised(this);
    });
    if (!("socket" in outcome)) place.giveBack();
    if (this.#how === undefined) this.#limitTime();
    return outcome;
  }

  #pass(opened: Opened, rest: Uint8Array): void {
    clearTimeout(this.#timer);
    const { speech, limits, observe } = this.#ports;
    this.#relay = new Relay({
      client: this.#socket,
      server: opened.socket,
      passage: speech.passage(),
      idleMs: limits.idleMs,
      ended: (how) => {
        this.#how = how;
        this.#over();
      },
      failed: (error) => observe({ kind: "bug", session: this.#facts, where: placeOf(error) }),
    });
    this.#conversation = undefined;
    this.#relay.begin(rest, opened.unread);
  }

  /** Once: says it, and sees to it that the connection closes. */
  #finish(how: SessionEnd, text = ""): void {
    if (this.#how !== undefined) return;
    this.#giveUp(how);
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
    this.#giveUp(this.#isShakingHands ? "handshake" : "client");
    this.#over();
  }

  /** Nothing is begun any more, and what is under way is given up. */
  #giveUp(how: SessionEnd): void {
    this.#how ??= how;
    this.#gone.abort();
    this.#conversation?.end();
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

  /** Ends this session, and no other one. */
  #bug(error: unknown): void {
    this.#ports.observe({ kind: "bug", session: this.#facts, where: placeOf(error) });
    this.#finish("bug", this.#conversation?.farewell("bug"));
  }
}
