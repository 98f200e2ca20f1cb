/**
 * Passing bytes between a client that is logged in and its server, each as fast as the other takes them.
 *
 * Who says no more may still listen: the end of one direction is handed on, and the other one goes on. A connection that breaks ends both.
 * Nothing is looked at but what the protocol's passage has to see.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SessionEnd } from "../event.ts";
import type { Farewell, Passage } from "../front/front.ts";

export interface RelayPorts {
  readonly client: Duplex;
  readonly server: Socket;
  readonly passage: Passage;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** Both connections are closed. */
  readonly ended: (how: SessionEnd) => void;
  /** One of our own functions threw. */
  readonly failed: (error: unknown) => void;
}

/** Idle sessions are looked at so many times in their time: they end up to that part of it late. */
const LOOKS = 4;
/** For a client to hang up once it has taken everything: its server has gone, or listens still. The latter also for one side's silence when the other one has ended. */
const LINGER_MS = 5000;
const HALF_OPEN_MS = 60_000;

export class Relay {
  readonly #ports: RelayPorts;
  #up = 0;
  #down = 0;
  /** Who spoke of an end first. */
  #how: SessionEnd | undefined;
  /** The client has been told that it is over. */
  #isOver = false;
  #isClientClosed = false;
  #isServerClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #lingering: NodeJS.Timeout | undefined;
  /** What had passed at the last look, and how many looks ago that was more. */
  #seen = 0;
  #looks = 0;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
  }

  get up(): number {
    return this.#up;
  }

  get down(): number {
    return this.#down;
  }

  /** @param rest what the client has said already @param unread what the server has */
  begin(rest: Uint8Array, unread: Uint8Array): void {
    const { client, server, idleMs } = this.#ports;
    client.on("data", (bytes: Uint8Array) => this.#fromClient(bytes));
    client.on("drain", () => server.resume());
    client.on("end", () => this.#clientOver());
    client.on("error", () => undefined); // `close` follows
    client.on("close", () => this.#clientClosed());
    server.on("data", (bytes: Uint8Array) => this.#fromServer(bytes));
    server.on("drain", () => client.resume());
    server.on("end", () => this.#serverOver());
    server.on("error", () => undefined);
    server.on("close", () => this.#serverClosed());
    this.#limitSilence(idleMs);
    if (rest.length > 0) this.#fromClient(rest);
    if (unread.length > 0) this.#fromServer(unread);
    // Whoever has to wait is paused by now; nobody else.
    if (!server.writableNeedDrain) client.resume();
    if (!client.writableNeedDrain) server.resume();
    if (client.readableEnded) this.#clientOver();
    if (server.readableEnded) this.#serverOver();
    if (client.destroyed) this.#clientClosed();
    if (server.destroyed) this.#serverClosed();
  }

  /** Tells the client, where that can be said, and ends both connections. */
  stop(reason: Farewell, how: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#how ??= how;
    this.#ports.server.end();
    this.#sayFarewell(reason);
    this.#linger(LINGER_MS);
    this.#ports.client.resume(); // to see it hang up
  }

  #fromClient(bytes: Uint8Array): void {
    const { client, server, passage } = this.#ports;
    this.#up += bytes.length;
    this.#looking(() => passage.sent?.(bytes));
    if (server.writable && !server.write(bytes)) client.pause();
  }

  #fromServer(bytes: Uint8Array): void {
    const { client, server, passage } = this.#ports;
    this.#down += bytes.length;
    if (!client.writable) return;
    const passed = this.#looking(() => passage.pass(bytes));
    if (passed !== undefined && passed.length > 0 && !client.write(passed)) server.pause();
  }

  /** @returns undefined when the passage threw: that is the end */
  #looking<T>(look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      this.#ports.failed(error);
      this.stop("bug", "bug");
      return undefined;
    }
  }

  /** The client says no more, and may wait for what the server has to say. */
  #clientOver(): void {
    this.#how ??= "client";
    this.#ports.server.end();
    this.#limitSilence(Math.min(this.#ports.idleMs, HALF_OPEN_MS));
  }

  /** The server says no more. A client that still has something to say is heard, as long as anybody takes it. */
  #serverOver(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#how ??= "server";
    this.#sayFarewell("upstream");
    this.#linger(HALF_OPEN_MS);
  }

  #serverClosed(): void {
    if (this.#isServerClosed) return;
    this.#isServerClosed = true;
    this.#serverOver();
    this.#linger(LINGER_MS);
    this.#ports.client.resume(); // to see it hang up
    this.#settle();
  }

  #clientClosed(): void {
    if (this.#isClientClosed) return;
    this.#isClientClosed = true;
    this.#how ??= "client";
    this.#ports.server.destroy();
    this.#settle();
  }

  #sayFarewell(reason: Farewell): void {
    const { client, passage } = this.#ports;
    const words = client.writable ? passage.farewell(reason) : undefined;
    if (words === undefined) client.end();
    else client.end(words, "latin1");
  }

  /** Once the client has taken what was written for it, the connections have so long to live. */
  #linger(ms: number): void {
    const { client } = this.#ports;
    const begin = () => {
      clearTimeout(this.#lingering);
      if (!this.#isClientClosed) this.#lingering = setTimeout(() => this.#destroy(), ms);
    };
    if (client.writableFinished) begin();
    else client.once("finish", begin);
  }

  #limitSilence(ms: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#look(), ms / LOOKS);
  }

  #look(): void {
    const passed = this.#up + this.#down;
    this.#looks = passed === this.#seen ? this.#looks + 1 : 0;
    this.#seen = passed;
    if (this.#looks < LOOKS) return;
    if (!this.#isOver) return this.stop("time", "idle");
    this.#destroy(); // the client does not even take what was said to it last
  }

  #destroy(): void {
    this.#ports.client.destroy();
    this.#ports.server.destroy();
  }

  #settle(): void {
    if (!this.#isClientClosed || !this.#isServerClosed) return;
    clearInterval(this.#timer);
    clearTimeout(this.#lingering);
    this.#ports.ended(this.#how ?? "client");
  }
}
