/** What `agent status` tells of each token: when it ends, and what went wrong last. An observer. */
import type { Clock } from "../../platform/clock.ts";
import type { AgentEvent, Target } from "../event.ts";
import { shellWord } from "../../platform/shell.ts";
import type { Kept } from "./targets.ts";

interface Entry {
  readonly endsAtMs: number | undefined;
  readonly problem: { readonly message: string; readonly hint: string | undefined } | undefined;
}

/** Two ends that are nearer than this are one token's, worked out twice. */
const SAME_MS = 1000;
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

  /** What the files say. They change with a failure, too: only a later token has overcome it. */
  begin({ renewable, times, refusal, credential }: Pick<Kept, "renewable" | "times" | "refusal" | "credential">): void {
    const { target } = renewable;
    const before = this.of(target);
    const endsAtMs =
      times === undefined ? before.endsAtMs : Math.round(this.#clock.now().wallMs + times.remainingSeconds * 1000);
    const isLater = (endsAtMs ?? 0) - (before.endsAtMs ?? 0) > SAME_MS;
    const known = isLater ? undefined : before.problem;
    const noted =
      refusal === undefined ? undefined : { message: refusal, hint: `mailkey login ${shellWord(credential)}` };
    this.#set(target, { endsAtMs, problem: known ?? noted });
  }

  readonly observe = (event: AgentEvent): void => {
    if (event.kind === "token") this.#set(event.target, { endsAtMs: event.token.expiresAtMs, problem: undefined });
    else if (event.kind === "gone") this.#entries.delete(keyOf(event.target));
    else if (event.kind === "failed") {
      const { message, hint } = event.error;
      this.#set(event.target, { ...this.of(event.target), problem: { message, hint } });
    }
  };

  #set(target: Target, entry: Entry): void {
    this.#entries.set(keyOf(target), entry);
  }
}

function keyOf({ address, resource }: Target): string {
  return `${address}\n${resource}`;
}
