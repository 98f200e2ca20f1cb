/** What `agent status` tells of each token: when it ends, and what went wrong last. An observer. */
import type { Clock } from "../../platform/clock.ts";
import type { AgentEvent, Target } from "../event.ts";
import type { TokenTimes } from "./schedule.ts";

interface Entry {
  readonly endsAtMs: number | undefined;
  readonly problem: string | undefined;
}

const UNKNOWN: Entry = { endsAtMs: undefined, problem: undefined };

export class Ledger {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(target: Target): Entry {
    return this.#entries.get(keyOf(target)) ?? UNKNOWN;
  }

  /** What the files say, before anything has happened. */
  begin(target: Target, times: TokenTimes | undefined): void {
    if (times === undefined) return;
    const endsAtMs = this.#clock.now().wallMs + times.remainingSeconds * 1000;
    this.#set(target, { endsAtMs: Math.round(endsAtMs), problem: undefined });
  }

  readonly observe = (event: AgentEvent): void => {
    if (event.kind === "token") this.#set(event.target, { endsAtMs: event.token.expiresAtMs, problem: undefined });
    else if (event.kind === "failed")
      this.#set(event.target, { ...this.of(event.target), problem: event.error.message });
    else if (event.kind === "gone") this.#entries.delete(keyOf(event.target));
  };

  #set(target: Target, entry: Entry): void {
    this.#entries.set(keyOf(target), entry);
  }
}

function keyOf({ address, resource }: Target): string {
  return `${address}\n${resource}`;
}
