/**
 * Where conversations are had: a world whose mailbox is the same at the beginning of each, to the UIDs and their validity; servers that play
 * records of them; an agent, and a proxy that leads to both.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { mailkeyFlags } from "../../../lab/mailkey-flags.ts";
import { startWorld, type World } from "../../../lab/world.ts";
import type { MailProtocol } from "../../../src/mail/report.ts";
import { Home, succeeded } from "../harness.ts";
import { startAgent, type StartedAgent } from "../started-agent.ts";
import { configureProxy, proxyPassword, startProxy, stopChild, type StartedProxy } from "../started-proxy.ts";
import { type Conversation, type Cut, converse, CUTS, type Heard } from "./conversation.ts";
import { MESSAGES } from "./messages.ts";
import { startReplayingServer, type ReplayingServer } from "./replaying-server.ts";
import { RECIPIENT } from "./smtp.ts";
import { enterByProxy, enterDirectly, type Entered } from "./ways.ts";

export interface Recording {
  /** How the server answered the login. */
  readonly welcome: Buffer;
  readonly heard: readonly Heard[];
  /** What was delivered to `RECIPIENT` meanwhile. */
  readonly delivered: readonly string[];
}

/** The account whose servers play records. */
const ECHO = "echo@mail.test";

export class Stage {
  readonly #world: World;
  readonly #home: Home;
  readonly #replaying: { readonly [P in MailProtocol]: ReplayingServer };
  readonly #passwords = new Map<string, string>();
  #token = "";
  #agent: StartedAgent | undefined;
  #proxy: StartedProxy | undefined;

  static async build(): Promise<Stage> {
    const world = await startWorld({ mail: "dovecot", compress: true });
    const file = (name: string) => readFileSync(join(world.logs, name));
    const tls = { cert: file("certificate.pem"), key: file("key.pem") };
    const stage = new Stage(world, {
      imap: await startReplayingServer("imap", tls),
      pop: await startReplayingServer("pop", tls),
      smtp: await startReplayingServer("smtp", tls),
    });
    await stage.#set();
    return stage;
  }

  private constructor(world: World, replaying: { readonly [P in MailProtocol]: ReplayingServer }) {
    this.#world = world;
    this.#home = new Home(world);
    this.#replaying = replaying;
  }

  async #set(): Promise<void> {
    const home = this.#home;
    const ports = await configureProxy(home);
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.add());
    const echo = (protocol: MailProtocol) =>
      ({ host: "localhost", port: this.replaying(protocol).port, security: "tls" }) as const;
    const flags = mailkeyFlags({
      ...this.#world,
      servers: { imap: echo("imap"), pop: echo("pop"), smtp: echo("smtp") },
    });
    succeeded(await home.mailkey(["add", ECHO, ...flags, "--no-test"], { env: { LAB_LOGIN: ECHO } }));
    for (const address of [home.address, ECHO]) this.#passwords.set(address, await proxyPassword(home, address));
    this.#token = succeeded(await home.mailkey(["token", home.address])).stdout.trim();
    this.#agent = await startAgent(home);
    this.#proxy = await startProxy(home, ports);
    await this.#fillMailbox();
  }

  replaying(protocol: MailProtocol): ReplayingServer {
    return this.#replaying[protocol];
  }

  /** With Dovecot, without the proxy. */
  record(conversation: Conversation): Promise<Recording> {
    return this.#played(conversation, CUTS.whole, () => this.#enterDirectly(conversation.protocol));
  }

  /** With Dovecot, through the proxy. */
  repeat(conversation: Conversation, cut: Cut): Promise<Recording> {
    return this.#played(conversation, cut, () => this.#enterByProxy(conversation.protocol, this.#home.address));
  }

  /** Into the mailbox whose server plays what it was told to, through the proxy. */
  enterEcho(protocol: MailProtocol): Promise<Entered> {
    return this.#enterByProxy(protocol, ECHO);
  }

  async stop(): Promise<void> {
    for (const started of [this.#proxy, this.#agent]) if (started !== undefined) await stopChild(started.child);
    for (const server of Object.values(this.#replaying)) await server.stop();
    await this.#world.stop();
    this.#home.dispose();
  }

  #enterDirectly(protocol: MailProtocol): Promise<Entered> {
    const { port, security } = this.#world.servers[protocol] ?? { port: 0 };
    const ca = readFileSync(this.#world.caFile, "utf8");
    const startTls = security === "starttls";
    return enterDirectly(protocol, { port, ca, startTls, user: this.#home.address, token: this.#token });
  }

  #enterByProxy(protocol: MailProtocol, user: string): Promise<Entered> {
    const port = this.#proxy?.ports[protocol] ?? 0;
    return enterByProxy(protocol, { port, user, password: this.#passwords.get(user) ?? "" });
  }

  async #fillMailbox(): Promise<void> {
    const turns = MESSAGES.map((message, index) => ({
      send: `${index} APPEND INBOX "03-Feb-2026 04:05:06 +0000" {${message.length}+}\r\n${message}\r\n`,
      until: new RegExp(`^${index} OK [^\\r\\n]*\\r\\n$`),
    }));
    const leaving = { send: "z LOGOUT\r\n", until: /^z OK/m };
    const filling: Conversation = { name: "filling", protocol: "imap", turns: [...turns, leaving] };
    const { socket, received } = await this.#enterDirectly("imap");
    await converse(socket, received, filling, CUTS.whole, () => Promise.resolve());
    socket.end();
    copy(this.#mailbox(this.#home.address), this.#filled);
  }

  async #played(conversation: Conversation, cut: Cut, enter: () => Promise<Entered>): Promise<Recording> {
    const { address } = this.#home;
    for (const each of [address, RECIPIENT]) rmSync(this.#mailbox(each), { recursive: true, force: true });
    copy(this.#filled, this.#mailbox(address));
    const { socket, received, welcome } = await enter();
    const message = { from: "carl@mail.test", to: [address], content: "Subject: news\r\n\r\nnew\r\n" };
    const heard = await converse(socket, received, conversation, cut, () => this.#world.deliver(message));
    socket.end();
    return { welcome, heard, delivered: this.#world.inbox(RECIPIENT) };
  }

  #mailbox(address: string): string {
    return join(this.#world.logs, "mail", address);
  }

  get #filled(): string {
    return join(this.#world.logs, "filled");
  }
}

function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync("cp", ["-a", from, to], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}
