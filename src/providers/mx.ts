/** The second step of discovery: where the domain's mail is delivered. */
import { Resolver } from "node:dns/promises";
import { hasSuffix, toHostName } from "./domain.ts";
import type { Provider } from "./provider.ts";

export interface MxRecord {
  readonly exchange: string;
  /** The lower, the earlier it is tried. @see RFC 5321 5.1 */
  readonly priority: number;
}

/** Asks for the MX records of a domain; rejects with the codes of `node:dns`. */
export type ResolveMx = (domain: string, signal: AbortSignal) => Promise<readonly MxRecord[]>;

/** @param servers `address:port` of the resolvers to ask instead of the system's */
export function createResolveMx(servers?: readonly string[]): ResolveMx {
  return async (domain, signal) => {
    const resolver = new Resolver();
    if (servers !== undefined) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await resolver.resolveMx(domain);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

/** The hosts in the order in which mail is delivered; what is no host name (the null MX of RFC 7505 too) is left out. */
export function mxHosts(records: readonly MxRecord[]): string[] {
  return records
    .toSorted((a, b) => a.priority - b.priority)
    .map(({ exchange }) => toHostName(exchange))
    .filter((host) => host !== null);
}

export interface MxMatch<P> {
  /** The best first; several when they share the suffix. */
  readonly matches: readonly [P, ...P[]];
  readonly host: string;
}

/** The providers that receive mail at the first of `hosts` that belongs to any, by the longest suffix. */
export function matchMx<P extends Pick<Provider, "mxSuffixes" | "regions">>(
  hosts: readonly string[],
  providers: readonly P[],
): MxMatch<P> | null {
  for (const host of hosts) {
    let longest = 0;
    let matches: P[] = [];
    for (const provider of providers) {
      const length = longestSuffix(host, provider);
      if (length === 0 || length < longest) continue;
      if (length > longest) matches = [];
      longest = length;
      matches.push(provider);
    }
    const [first, ...others] = matches;
    if (first !== undefined) return { matches: [first, ...others], host };
  }
  return null;
}

function longestSuffix(host: string, provider: Pick<Provider, "mxSuffixes" | "regions">): number {
  const suffixes = [...provider.mxSuffixes, ...(provider.regions ?? []).flatMap((region) => region.mxSuffixes)];
  return Math.max(0, ...suffixes.filter((suffix) => hasSuffix(host, suffix)).map((suffix) => suffix.length));
}
