/**
 * Who has sent wrong passwords has to wait, longer each time: clients of other machines by network, whoever they want to be; those of this
 * machine, who all have the same address, by user name. So nobody elsewhere can lock a user out. That guesses for one user may come from many
 * networks does not matter: passwords have 118 bits.
 *
 * Names that no account has are counted like any others, so that waiting tells nobody which ones there are.
 */
import { isLoopback, networkOf } from "../../platform/addresses.ts";
import { Recent } from "./recent.ts";

/** Typing errors cost nothing. */
const FREE = 5;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Who has been quiet for so long begins anew. */
const FORGET_MS = 15 * 60_000;
/** Names and networks each; beyond them the one that has been quiet longest is forgotten. */
const MOST = 10_000;

interface Count {
  readonly wrong: number;
  readonly lastMs: number;
}

export class Throttle {
  readonly #nowMs: () => number;
  readonly #counts = { users: new Recent<Count>(MOST), networks: new Recent<Count>(MOST) };

  /** @param nowMs of a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How long until a password is looked at again; 0 usually. */
  waitMs(user: string, peer: string): number {
    const [counts, key] = this.#of(user, peer);
    return Math.max(0, waitMs(counts.get(key), this.#nowMs()));
  }

  wrong(user: string, peer: string): void {
    const [counts, key] = this.#of(user, peer);
    const lastMs = this.#nowMs();
    const before = counts.get(key);
    const isForgotten = before === undefined || lastMs - before.lastMs >= FORGET_MS;
    counts.set(key, { wrong: isForgotten ? 1 : before.wrong + 1, lastMs });
  }

  right(user: string, peer: string): void {
    const [counts, key] = this.#of(user, peer);
    counts.delete(key);
  }

  #of(user: string, peer: string): [Recent<Count>, string] {
    const { users, networks } = this.#counts;
    return isLoopback(peer) ? [users, user] : [networks, networkOf(peer)];
  }
}

function waitMs(count: Count | undefined, nowMs: number): number {
  if (count === undefined || count.wrong < FREE) return 0;
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count.wrong - FREE));
  return count.lastMs + wait - nowMs;
}
