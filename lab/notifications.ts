/** A desktop's notification service on a session bus: what it was asked to show, and clicks on it. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Shown {
  readonly id: number;
  /** The sender's process. */
  readonly pid: number;
  readonly app: string;
  readonly icon: string;
  readonly summary: string;
  readonly body: string;
  /** Names and labels, in turn. */
  readonly actions: readonly string[];
  readonly urgency: number;
}

export interface NotificationService {
  readonly shown: readonly Shown[];
  /** Those that their sender has closed, by id. */
  readonly closed: readonly number[];
  click(id: number, action: string): void;
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("notification-service.py", import.meta.url));

/** Resolves when the sender of a message listens to what it may be told: that comes a moment after it is shown. */
export async function senderListens({ pid }: Shown): Promise<void> {
  const SIGINT_BIT = 2;
  for (let tries = 0; tries < 1000; tries += 1) {
    const caught = /^SigCgt:.*([0-9a-f])$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    if ((Number.parseInt(caught, 16) & SIGINT_BIT) !== 0) return;
    await sleep(10);
  }
  throw new Error("the sender of a notification does not listen");
}

/** @param env with the session bus */
export async function startNotificationService(env: Readonly<Record<string, string>>): Promise<NotificationService> {
  // Debian's Python has the bindings; another one on PATH does not.
  const child = spawn("/usr/bin/python3", [SCRIPT], { env, stdio: ["pipe", "pipe", "inherit"] });
  const shown: Shown[] = [];
  const closed: number[] = [];
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = Promise.withResolvers<void>();
  child.once("close", () => ready.reject(new Error("the notification service did not start")));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as { event: string } & Shown;
    if (event.event === "ready") ready.resolve();
    if (event.event === "shown") shown.push(event);
    if (event.event === "closed") closed.push(event.id);
  });
  await ready.promise;
  return {
    shown,
    closed,
    click: (id, action) => child.stdin.write(`click ${id} ${action}\n`),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
