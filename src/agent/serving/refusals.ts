/**
 * Tokens that mail servers refuse although they should still be good: they were revoked, or the server is wrong. Such a token is renewed
 * once; a server that refuses what was renewed for it has another reason, and the provider is left alone for a while.
 */
import { elapsedMs, type Clock, type Instant } from "../../platform/clock.ts";
import type { AccessToken } from "../../tokens/credential.ts";
import { digestOf } from "../../tokens/digest.ts";
import type { Target } from "../event.ts";

const PAUSE_MS = 5 * 60_000;

export class ServerRefusals {
  readonly #clock: Clock;
  readonly #renewedAt = new Map<string, Instant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the digest that a program names as refused, unless one was renewed for that reason just now */
  believed(target: Target, digest: string | undefined): string | undefined {
    const last = this.#renewedAt.get(keyOf(target));
    if (last === undefined || elapsedMs(last, this.#clock.now()) >= PAUSE_MS) return digest;
    return undefined;
  }

  /** A token was renewed because a server had refused the one before. */
  renewed(target: Target): void {
    this.#renewedAt.set(keyOf(target), this.#clock.now());
  }
}

/** @param digest of the token that a server has refused, if one has */
export function isRefused({ value }: AccessToken, digest: string | undefined): boolean {
  return digest !== undefined && digestOf(value.reveal()) === digest;
}

function keyOf({ address, resource }: Target): string {
  return `${resource} ${address}`;
}
