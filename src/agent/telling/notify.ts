/**
 * Messages on the desktop, one for each occasion. A click opens the sign-in where that is possible; otherwise the message says the
 * command. Nothing waits for them, and where there is no desktop nothing happens.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Environment } from "../../platform/paths.ts";
import { peerText, withoutControls } from "../../platform/text.ts";
import type { AgentLog } from "./messages.ts";
import { CLICKED, findNotifier, type Message, type Notifier } from "./notifier.ts";
import type { Occasion, OccasionKind } from "./occasion.ts";
import type { Launch } from "./sign-in-launch.ts";

export interface NotificationPorts {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly log: AgentLog;
  /** How a click opens the sign-in; undefined when it cannot. */
  launch(address: string): Promise<Launch | undefined>;
}

/** On the screen at once: a whole organisation's sign-ins may end in one minute. */
const MAX_OPEN = 5;
const MAX_ADDRESS_LENGTH = 100;

const TITLES: Readonly<Record<OccasionKind, (address: string) => string>> = {
  "sign-in-over": (address) => `Sign in again: ${address}`,
  "sign-in-ends": (address) => `The sign-in of ${address} ends soon`,
  "client-ends": (address) => `The client of ${address} ends soon`,
  failing: (address) => `No new access token for ${address}`,
};

export class Notifications {
  readonly #ports: NotificationPorts;
  readonly #open = new Map<string, ChildProcess>();
  #notifier: Promise<Notifier | string> | undefined;
  #hasSaidMore = false;
  #isStopped = false;

  constructor(ports: NotificationPorts) {
    this.#ports = ports;
  }

  /** Shows it when there is somewhere to. Returns at once. */
  tell(occasion: Occasion): void {
    void this.#tell(occasion);
  }

  /** What is on the screen about `address` is over. */
  mended(address: string): void {
    for (const kind of ["sign-in-over", "sign-in-ends"] as const) this.#open.get(`${kind} ${address}`)?.kill("SIGINT");
  }

  /** Takes what is still on the screen away. */
  stop(): void {
    this.#isStopped = true;
    for (const child of this.#open.values()) child.kill("SIGINT");
  }

  async #tell(occasion: Occasion): Promise<void> {
    const { env, platform, log } = this.#ports;
    const { kind, address } = occasion;
    try {
      this.#notifier ??= findNotifier(env, platform);
      const notifier = await this.#notifier;
      if (this.#isStopped) return;
      if (typeof notifier === "string") return log("notification-failed", { address, reason: notifier });
      const launch = notifier.canAct && kind.startsWith("sign-in") ? await this.#ports.launch(address) : undefined;
      if (this.#open.size >= MAX_OPEN) return this.#sayMore(notifier);
      this.#show(`${kind} ${address}`, notifier, messageOf(occasion, launch !== undefined), launch);
    } catch {
      this.#notifier = undefined; // looked for again the next time
      log("notification-failed", { address, reason: "the program for it cannot be run" });
    }
  }

  #sayMore(notifier: Notifier): void {
    if (this.#hasSaidMore) return;
    this.#hasSaidMore = true;
    const body = "To see which: mailkey status";
    this.#show(
      "more",
      notifier,
      { title: "More mail accounts need you", body, isUrgent: false, action: undefined },
      undefined,
    );
  }

  #show(key: string, notifier: Notifier, message: Message, launch: Launch | undefined): void {
    if (this.#isStopped) return;
    this.#open.get(key)?.kill("SIGINT"); // three days instead of fourteen
    const { env, log } = this.#ports;
    const child = spawn(notifier.program, notifier.args(message), {
      env: { ...env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#open.set(key, child);
    log("notification-shown", { title: message.title });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed = (printed + chunk.toString("latin1")).slice(0, 100);
    });
    child.once("error", () => this.#closed(key, child, 1));
    child.once("close", (status) => {
      this.#closed(key, child, status ?? 0);
      if (launch !== undefined && CLICKED.has(printed.trim())) this.#signIn(launch);
    });
  }

  #closed(key: string, child: ChildProcess, status: number): void {
    if (this.#open.get(key) !== child) return;
    this.#open.delete(key);
    if (this.#open.size === 0) this.#hasSaidMore = false;
    if (status !== 0 && !this.#isStopped)
      this.#ports.log("notification-failed", { about: key, reason: `the program for it ended with status ${status}` });
  }

  /** In a session of its own: it outlives the agent, and what it prints is for nobody. */
  #signIn([program, ...args]: Launch): void {
    const { env, log } = this.#ports;
    const about = { program, address: args.at(-1) };
    const child = spawn(program, args, { env: { ...env }, stdio: "ignore", detached: true });
    child.once("error", () => log("sign-in-not-opened", about));
    child.once("exit", (status) => {
      if (status !== 0) log("sign-in-failed", { ...about, status: status ?? "killed" });
    });
    child.once("spawn", () => {
      child.unref();
      log("sign-in-opened", about);
    });
  }
}

function messageOf({ kind, address, reason, hint }: Occasion, canClick: boolean): Message {
  const command = hint === undefined ? [] : [canClick ? `Click to sign in, or type: ${hint}` : hint];
  return {
    title: TITLES[kind](peerText(address, MAX_ADDRESS_LENGTH)),
    body: [reason, ...command].map(withoutControls).join("\n"),
    isUrgent: kind === "sign-in-over",
    action: canClick ? "Sign in" : undefined,
  };
}
