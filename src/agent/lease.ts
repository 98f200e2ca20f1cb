/** What one attempt at a token is made with: the settings of the moment, the vault, the provider, and when to give up. */
import type { Config } from "../accounts/config.ts";
import { systemClock } from "../platform/clock.ts";
import type { Environment, Paths } from "../platform/paths.ts";
import type { TokenPorts } from "../tokens/get-token.ts";
import { systemTokenPorts } from "../tokens/system-ports.ts";
import type { Budget } from "./renewing/budget.ts";
import type { TokenLease } from "./serving/tokens.ts";
import type { VaultLock } from "./unlocking/unlock.ts";

export interface LeasePorts {
  readonly env: Environment;
  readonly paths: Paths;
  readonly config: () => Config;
  /** Aborted when the agent is to end. */
  readonly signal: AbortSignal;
  readonly vault: VaultLock;
  readonly budget: Budget;
}

/** @param forClient a program waits, and a person may be asked; otherwise it is the renewer's own idea */
export function leaseFor({ config, vault, budget, ...given }: LeasePorts, forClient: boolean): TokenLease {
  const lease = vault.lease(forClient ? "may-ask" : "never");
  const ports = systemTokenPorts({
    ...given,
    clock: systemClock,
    // The renewer comes back by its own schedule; a program has nobody else who tries again.
    config: forClient ? config() : { ...config(), retryBudgetMs: 0 },
    openVault: () => lease.openVault(),
  });
  return { ports: forClient ? atOnce(ports, budget) : ports, end: () => lease.end() };
}

/** Who waits goes before those that are renewed ahead, and counts with them: a crowd of programs is no storm. */
function atOnce(ports: TokenPorts, budget: Budget): TokenPorts {
  const createFetch: TokenPorts["createFetch"] = (timeoutMs) => {
    const fetch = ports.createFetch(timeoutMs);
    return (url, init) => budget.run(new URL(url).origin, () => fetch(url, init));
  };
  return { ...ports, createFetch };
}
