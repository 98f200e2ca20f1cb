/**
 * How many sessions there may be: in all, from one address of the network, and for one account. Of IPv6 a whole /64 counts as one address, since
 * one machine can have all of it.
 */
import type { ProxyLimits } from "../../accounts/proxy-config.ts";
import { isLoopback, networkOf } from "../../platform/addresses.ts";

export type PlaceLimits = Pick<ProxyLimits, "sessions" | "sessionsPerAddress" | "sessionsPerAccount">;

/** What a session has until it leaves. */
export interface Place {
  /** Where it comes from; undefined: this machine, which is not counted. */
  readonly network: string | undefined;
  /** For the account that logs in. @returns false when all of its places are taken, or the session has left */
  take(account: string): boolean;
  /** It has not come to that. */
  giveBack(): void;
  leave(): void;
}

export class Places {
  #limits: PlaceLimits;
  #taken = 0;
  readonly #byNetwork = new Map<string, number>();
  readonly #byAccount = new Map<string, number>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Who is here stays. */
  set limits(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Whether a network has all the places that it may have. */
  isFull(network: string | undefined): boolean {
    return network !== undefined && countOf(this.#byNetwork, network) >= this.#limits.sessionsPerAddress;
  }

  /** @returns undefined when all places are taken, or all that this address may have */
  enter(peer: string): Place | undefined {
    const network = countedNetwork(peer);
    if (this.#taken >= this.#limits.sessions || this.isFull(network)) return undefined;
    this.#taken += 1;
    if (network !== undefined) add(this.#byNetwork, network, 1);
    let account: string | undefined;
    let isHere = true;
    const giveBack = () => {
      if (account !== undefined) add(this.#byAccount, account, -1);
      account = undefined;
    };
    return {
      network,
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
        if (network !== undefined) add(this.#byNetwork, network, -1);
        giveBack();
      },
    };
  }
}

/** @returns undefined for this machine */
export function countedNetwork(peer: string): string | undefined {
  return isLoopback(peer) ? undefined : networkOf(peer);
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
