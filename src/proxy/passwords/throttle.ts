/**
 * Who has sent wrong passwords from another machine has to wait, longer each time, together with all of its network and whoever it wants to be.
 *
 * Those of this machine, who all have the same address, never wait: one user of it could lock the others out. What limits their guesses is how
 * few derivations run at once, and that passwords have 118 bits.
 */
import { isLoopback, networkOf } from "../../platform/addresses.ts";
import { Recent } from "./recent.ts";

/** Typing errors cost nothing. */
const FREE = 5;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Who has been quiet for so long begins anew. */
const FORGET_MS = 15 * 60_000;
/** Networks; beyond them the one that has been quiet longest is forgotten. */
const MOST = 10_000;

interface Count {
  readonly wrong: number;
  readonly lastMs: number;
}

export class Throttle {
  readonly #nowMs: () => number;
  readonly #counts = new Recent<Count>(MOST);

  /** @param nowMs of a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How long until a password from there is looked at again; 0 usually. */
  waitMs(peer: string): number {
    return Math.max(0, waitMs(this.#counts.get(networkOf(peer)), this.#nowMs()));
  }

  wrong(peer: string): void {
    if (isLoopback(peer)) return;
    const network = networkOf(peer);
    const lastMs = this.#nowMs();
    const before = this.#counts.get(network);
    const isForgotten = before === undefined || lastMs - before.lastMs >= FORGET_MS;
    this.#counts.set(network, { wrong: isForgotten ? 1 : before.wrong + 1, lastMs });
  }

  right(peer: string): void {
    this.#counts.delete(networkOf(peer));
  }
}

function waitMs(count: Count | undefined, nowMs: number): number {
  if (count === undefined || count.wrong < FREE) return 0;
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count.wrong - FREE));
  return count.lastMs + wait - nowMs;
}
