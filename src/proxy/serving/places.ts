/** How many sessions there may be: in all, from one address of the network, and for one account. */
import type { ProxyLimits } from "../../accounts/proxy-config.ts";
import { isLoopback } from "../../platform/addresses.ts";

export type PlaceLimits = Pick<ProxyLimits, "sessions" | "sessionsPerAddress" | "sessionsPerAccount">;

/** What a session has until it leaves. */
export interface Place {
  /** For the account that logs in. @returns false when all of its places are taken, or the session has left */
  take(account: string): boolean;
  /** It has not come to that. */
  giveBack(): void;
  leave(): void;
}

export class Places {
  #limits: PlaceLimits;
  #taken = 0;
  readonly #byAddress = new Map<string, number>();
  readonly #byAccount = new Map<string, number>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Who is here stays. */
  set limits(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Sessions by account. */
  get accounts(): ReadonlyMap<string, number> {
    return this.#byAccount;
  }

  /** @returns undefined when all places are taken, or all that this address may have */
  enter(peer: string): Place | undefined {
    const isCounted = !isLoopback(peer);
    if (this.#taken >= this.#limits.sessions) return undefined;
    if (isCounted && countOf(this.#byAddress, peer) >= this.#limits.sessionsPerAddress) return undefined;
    this.#taken += 1;
    if (isCounted) add(this.#byAddress, peer, 1);
    let account: string | undefined;
    let isHere = true;
    const giveBack = () => {
      if (account !== undefined) add(this.#byAccount, account, -1);
      account = undefined;
    };
    return {
      giveBack,
      take: (name) => {
        if (!isHere || countOf(this.#byAccount, name) >= this.#limits.sessionsPerAccount) return false;
        account = name;
        add(this.#byAccount, name, 1);
        return true;
      },
      leave: () => {
        if (!isHere) return;
        isHere = false;
        this.#taken -= 1;
        if (isCounted) add(this.#byAddress, peer, -1);
        giveBack();
      },
    };
  }
}

function countOf(counts: ReadonlyMap<string, number>, key: string): number {
  return counts.get(key) ?? 0;
}

/** Those that nobody has are forgotten: there may be a new address every day. */
function add(counts: Map<string, number>, key: string, change: number): void {
  const count = countOf(counts, key) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
