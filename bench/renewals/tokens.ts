/** The token path, as the simulated machine uses it: the real one, or the model of it. */
import type { Attempt } from "../../src/agent/renewing/renewal.ts";
import type { TokenTimes } from "../../src/agent/renewing/schedule.ts";
import type { Fetch } from "../../src/platform/http.ts";
import type { Grant, SimulatedProvider } from "./provider.ts";

export type CreateFetch = (timeoutMs: number) => Fetch;

export interface Account {
  readonly address: string;
  readonly provider: SimulatedProvider;
}

export interface Tokens {
  /** A person has signed in: keeps what was granted. */
  signIn(account: Account, grant: Grant): Promise<void>;
  /** What the vault has. */
  times(account: Account): TokenTimes;
  /** Some process on the machine wants a token; the renewer one that lasts longer than some time. */
  token(account: Account, createFetch: CreateFetch, minTtlSeconds?: number): Promise<Attempt>;
  /** The machine was started anew: no process and no lock of before is left. */
  restart(): void;
}
