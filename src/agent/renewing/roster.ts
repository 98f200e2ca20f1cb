/**
 * The tokens that the agent looks after, kept in step with the files: accounts come and go, and whoever signs in or renews beside the
 * agent leaves a new record. A failure that is recorded is no change: it must not cut short what is waited for.
 */
import { fileNameToAddress, normaliseAddress } from "../../accounts/address.ts";
import type { Config } from "../../accounts/config.ts";
import { listAddresses } from "../../accounts/store.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import type { Target } from "../event.ts";
import { keptTokens, type Kept } from "./targets.ts";

export interface RosterPorts {
  readonly paths: Paths;
  readonly clock: Clock;
  readonly config: () => Config;
  /** It is new, or something about it has changed. */
  readonly kept: (kept: Kept) => void;
  readonly gone: (target: Target) => void;
}

export class Roster {
  readonly #ports: RosterPorts;
  readonly #byAddress = new Map<string, readonly Kept[]>();
  /** One after the other: each compares with what the one before has left. */
  #work: Promise<void> = Promise.resolve();

  constructor(ports: RosterPorts) {
    this.#ports = ports;
  }

  get all(): Kept[] {
    return [...this.#byAddress.values()].flat();
  }

  /** Whether the token of that target goes into a file. */
  wantsFile({ address, resource }: Target): boolean {
    const kept = this.#byAddress.get(normaliseAddress(address)) ?? [];
    return kept.some(({ renewable, tokenFile }) => tokenFile && renewable.target.resource === resource);
  }

  /** The id of the account's provider; undefined for one that is not looked after. */
  providerOf(address: string): string | undefined {
    return this.#byAddress.get(normaliseAddress(address))?.[0]?.provider;
  }

  /** Looks at every account anew. @throws ERR_STORAGE with everything as it was */
  review(): Promise<void> {
    return this.#then(() => [...listAddresses(this.#ports.paths), ...this.#byAddress.keys()]);
  }

  /** Looks at those that have to do with these files of `accounts/` and `status/`. */
  filesChanged(names: ReadonlySet<string>): Promise<void> {
    return this.#then(() => {
      const named = new Set([...names].flatMap(addressOf));
      const sharing = this.all.filter(({ credential }) => named.has(normaliseAddress(credential)));
      return [...named, ...sharing.map(({ renewable }) => renewable.target.address)];
    });
  }

  #then(addresses: () => readonly string[]): Promise<void> {
    const work = this.#after(this.#work, addresses);
    this.#work = work.catch(() => undefined); // told to whoever asked; the next look is a new one
    return work;
  }

  async #after(earlier: Promise<void>, addresses: () => readonly string[]): Promise<void> {
    await earlier;
    for (const address of new Set(addresses().map(normaliseAddress))) await this.#look(address);
  }

  async #look(address: string): Promise<void> {
    const { paths, clock, config, kept, gone } = this.#ports;
    const before = this.#byAddress.get(address) ?? [];
    const now = await keptTokens(paths, config(), clock, address);
    if (now.length === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, now);
    for (const { renewable } of before) if (!now.some(isFor(renewable.target))) gone(renewable.target);
    for (const each of now) {
      const known = before.find(isFor(each.renewable.target));
      if (known?.mark !== each.mark) kept(each);
    }
  }
}

function isFor({ resource }: Target): (kept: Kept) => boolean {
  return ({ renewable }) => renewable.target.resource === resource;
}

/** Whose file of `accounts/` or `status/` it is; none for one that is no account's. */
export function addressOf(name: string): string[] {
  const stem = name.replace(/\.(toml|json)$/, "");
  try {
    return stem === name ? [] : [normaliseAddress(fileNameToAddress(stem))];
  } catch {
    return [];
  }
}
