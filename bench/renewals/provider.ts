/** A provider with its accounts, as its token endpoint shows it: lifetimes, rotation, reuse detection, outages, moods. */
import type { Timeline } from "../../test/support/timeline.ts";
import { Intervals } from "./intervals.ts";
import type { Chance } from "./random.ts";
import { SECOND, type Outage, type Trouble } from "./weather.ts";

export interface ProviderKind {
  readonly name: string;
  readonly share: number;
  readonly lifetimeSeconds: (chance: Chance, address: string) => number;
  /** A new refresh token at each use; `strict`: using an old one again ends the grant. */
  readonly rotation: "never" | "lenient" | "strict";
  /** It gives out the token of before while that lasts longer than this. */
  readonly sameTokenAboveSeconds?: number;
}

export interface Grant {
  readonly refreshToken: string;
  readonly lifetimeSeconds: number;
}

/** Why a grant ended. */
export type End = "revoked" | "lost in flight";

/** Hears what concerns one account. */
export interface Mood {
  /** The provider wants to be left alone for it. */
  onRetryAfter(address: string, waitMs: number): void;
  /** A refresh token came again: the answer with its successor had never arrived. */
  onLoss(address: string): void;
}

interface Signed {
  /** Counts refresh tokens; the last one is current. */
  generation: number;
  ended: End | undefined;
  asking: number;
  /** Of the token that was given out last. */
  endsAtMs: number;
}

export class SimulatedProvider {
  readonly kind: ProviderKind;
  readonly origin: string;
  readonly outages: readonly Outage[];
  /** When it was down, or wanted to be left alone. */
  readonly bad = new Intervals();
  /** One account was asked for twice at once. */
  overlaps = 0;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #signed = new Map<string, Signed>();
  #nextOutage = 0;

  constructor(kind: ProviderKind, timeline: Timeline, chance: Chance, outages: readonly Outage[]) {
    this.kind = kind;
    this.origin = `https://${kind.name}.example`;
    this.#timeline = timeline;
    this.#chance = chance;
    this.outages = outages;
    for (const { fromMs, toMs } of outages) this.bad.add(fromMs, toMs);
  }

  signIn(address: string): Grant {
    const lifetimeSeconds = Math.round(this.kind.lifetimeSeconds(this.#chance, address));
    const generation = (this.#signed.get(address)?.generation ?? 0) + 1;
    const endsAtMs = this.#timeline.passedMs + lifetimeSeconds * SECOND;
    this.#signed.set(address, { generation, ended: undefined, asking: 0, endsAtMs });
    return { refreshToken: `${address}#${generation}`, lifetimeSeconds };
  }

  revoke(address: string): void {
    const signed = this.#signed.get(address);
    if (signed !== undefined) signed.ended ??= "revoked";
  }

  endOf(address: string): End | undefined {
    return this.#signed.get(address)?.ended;
  }

  /** One request. Takes its time. */
  async answer(refreshToken: string, timeoutMs: number, mood: Mood): Promise<Response> {
    const now = this.#timeline.passedMs;
    const address = refreshToken.slice(0, refreshToken.lastIndexOf("#"));
    const signed = this.#signed.get(address);
    if (signed === undefined) throw new Error(`nobody of that name has signed in: ${address}`);
    if (signed.asking > 0) this.overlaps += 1;
    signed.asking += 1;
    try {
      const trouble = this.#trouble(now);
      if (trouble === "silent") return await this.#silence(timeoutMs);
      if (trouble === "unreachable") return await this.#refusal();
      const response =
        trouble === undefined
          ? this.#judge(signed, address, refreshToken, mood)
          : this.#troubled(trouble, address, mood);
      await this.#timeline.sleep(this.#chance.magnitude(80, 2 * SECOND));
      return response;
    } finally {
      signed.asking -= 1;
    }
  }

  /** What was asked and never answered is not under way any more. */
  forgetConnections(): void {
    for (const signed of this.#signed.values()) signed.asking = 0;
  }

  async #silence(timeoutMs: number): Promise<never> {
    await this.#timeline.sleep(timeoutMs);
    throw new DOMException("no answer", "TimeoutError");
  }

  async #refusal(): Promise<never> {
    await this.#timeline.sleep(this.#chance.between(1, 100));
    throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  }

  #trouble(now: number): Trouble | undefined {
    while ((this.outages[this.#nextOutage]?.toMs ?? Infinity) <= now) this.#nextOutage += 1;
    const outage = this.outages[this.#nextOutage];
    if (outage !== undefined && outage.fromMs <= now)
      return outage.trouble !== "half broken" || this.#chance.happens(0.5) ? outage.trouble : undefined;
    return this.#chance.happens(0.003) ? "error 500" : undefined;
  }

  #troubled(trouble: Trouble, address: string, mood: Mood): Response {
    if (trouble === "html") return new Response("<p>maintenance</p>", { headers: { "content-type": "text/html" } });
    if (trouble !== "error 503" && trouble !== "too many") return new Response("", { status: 500 });
    const waitMs = Math.round(this.#chance.magnitude(5, 1200)) * SECOND;
    this.bad.add(this.#timeline.passedMs, this.#timeline.passedMs + waitMs * 1.1);
    mood.onRetryAfter(address, waitMs);
    return busy(trouble === "too many" ? 429 : 503, waitMs);
  }

  #judge(signed: Signed, address: string, refreshToken: string, mood: Mood): Response {
    if (this.#chance.happens(0.002)) {
      const waitMs = Math.round(this.#chance.magnitude(5, 600)) * SECOND;
      mood.onRetryAfter(address, waitMs);
      return busy(429, waitMs);
    }
    const isOld = refreshToken !== `${address}#${signed.generation}`;
    if (isOld && this.kind.rotation === "strict" && signed.ended === undefined) {
      signed.ended = "lost in flight";
      mood.onLoss(address);
    }
    if (signed.ended !== undefined) return Response.json({ error: "invalid_grant" }, { status: 400 });
    if (this.kind.rotation !== "never") signed.generation += 1;
    const expiresIn = this.#lifetime(signed, address);
    return Response.json({
      access_token: "access",
      token_type: "Bearer",
      refresh_token: `${address}#${signed.generation}`,
      expires_in: expiresIn,
    });
  }

  #lifetime(signed: Signed, address: string): number {
    const now = this.#timeline.passedMs;
    const leftSeconds = Math.floor((signed.endsAtMs - now) / SECOND);
    if (leftSeconds > (this.kind.sameTokenAboveSeconds ?? Infinity)) return leftSeconds;
    const lifetimeSeconds = Math.round(this.kind.lifetimeSeconds(this.#chance, address));
    signed.endsAtMs = now + lifetimeSeconds * SECOND;
    return lifetimeSeconds;
  }
}

function busy(status: number, waitMs: number): Response {
  return new Response("", { status, headers: { "retry-after": `${waitMs / SECOND}` } });
}

const HOUR_SECONDS = 3600;

/** Kinds of providers there are, and how the accounts share them. */
export const KINDS: readonly ProviderKind[] = [
  {
    name: "like-microsoft",
    share: 0.36,
    lifetimeSeconds: (chance) => chance.between(HOUR_SECONDS, 1.5 * HOUR_SECONDS),
    rotation: "lenient",
  },
  { name: "like-google", share: 0.3, lifetimeSeconds: () => HOUR_SECONDS - 1, rotation: "never" },
  { name: "strict", share: 0.14, lifetimeSeconds: () => HOUR_SECONDS, rotation: "strict" },
  {
    name: "caching",
    share: 0.12,
    lifetimeSeconds: () => HOUR_SECONDS,
    rotation: "never",
    sameTokenAboveSeconds: 300,
  },
  {
    name: "extreme",
    share: 0.08,
    lifetimeSeconds: (_chance, address) => (Number.parseInt(address, 10) % 2 === 0 ? 300 : 24 * HOUR_SECONDS),
    rotation: "lenient",
  },
];
