/**
 * When a token is to be renewed ahead of time. Pure.
 *
 * The token path renews on demand what has no more than `required` seconds left (`tokens/freshness.ts`), and the mail program waits
 * meanwhile. So that it never has to, a token is renewed a `lead` before that moment. The lead follows from the token's lifetime, unless
 * the user or the provider's facts ask for more, and part of it is chance: accounts that signed in together drift apart.
 */
import { requiredSeconds } from "../../tokens/freshness.ts";

export interface TokenTimes {
  /** 0 when it is over. */
  readonly remainingSeconds: number;
  /** What the provider gave it when it was new. */
  readonly lifetimeSeconds: number;
}

/** What shifts an account's renewals. */
export interface Ahead {
  /** As the token path has it. */
  readonly marginSeconds: number;
  /** The user's choice; undefined: as the token's lifetime suggests. */
  readonly renewAheadSeconds?: number | undefined;
  /** What the provider needs at least. */
  readonly providerAheadSeconds?: number | undefined;
}

/** Of an hour's token: 10 minutes, enough to sit out a short outage before anybody has to wait. */
const LEAD_OF_LIFETIME = 1 / 6;
const MIN_LEAD_SECONDS = 60;
/** Of a day's token: no outage is known hours ahead. */
const MAX_LEAD_SECONDS = 30 * 60;
/** Of what is left of the lifetime above `required`: a token of seconds is used for some of them, too. */
const MOST_OF_USE = 0.5;
/** Of that, when the user or the provider asks for more. Never all of it: the next token would be due when it comes. */
const MOST_OF_USE_WHEN_ASKED = 0.75;
/** The part of the lead that is chance. */
const JITTER = 0.5;
/** A token of a second must not be renewed in a circle. */
export const MIN_DELAY_MS = 1000;

/** Less is the same token again, its times rounded. */
const MIN_GAIN_SECONDS = 30;
const MIN_GAIN_OF_LIFETIME = 1 / 10;
/** The same token again: the next question comes after this part of what is left. */
const ASK_AGAIN_OF_REMAINING = 1 / 4;
const MIN_ASK_AGAIN_SECONDS = 60;

/** Seconds that a token is renewed before the token path would do it on demand; at most. */
export function leadSeconds(lifetimeSeconds: number, ahead: Ahead): number {
  const usable = lifetimeSeconds - requiredSeconds({ lifetimeSeconds }, ahead.marginSeconds);
  const usual = Math.min(
    Math.max(lifetimeSeconds * LEAD_OF_LIFETIME, MIN_LEAD_SECONDS),
    MAX_LEAD_SECONDS,
    usable * MOST_OF_USE,
  );
  const asked = Math.max(ahead.renewAheadSeconds ?? usual, ahead.providerAheadSeconds ?? 0);
  return Math.min(asked, usable * MOST_OF_USE_WHEN_ASKED);
}

/** Milliseconds until the token is due; 0 when it is already. @param random 0 up to, not including, 1 */
export function dueInMs(times: TokenTimes, ahead: Ahead, random: number): number {
  const lead = leadSeconds(times.lifetimeSeconds, ahead) * (1 - JITTER * random);
  const required = requiredSeconds(times, ahead.marginSeconds);
  return Math.max(0, times.remainingSeconds - required - lead) * 1000;
}

/**
 * Milliseconds until a token is due that has been obtained just now.
 *
 * @param gainedSeconds how much longer it lasts than the one before: some providers give out the same one until it is nearly over
 */
export function dueAfterRenewalMs(times: TokenTimes, gainedSeconds: number, ahead: Ahead, random: number): number {
  const { lifetimeSeconds, remainingSeconds } = times;
  if (Math.abs(gainedSeconds) >= Math.min(MIN_GAIN_SECONDS, lifetimeSeconds * MIN_GAIN_OF_LIFETIME))
    return Math.max(MIN_DELAY_MS, dueInMs(times, ahead, random));
  const least = Math.min(MIN_ASK_AGAIN_SECONDS, lifetimeSeconds / 4);
  const seconds = Math.max(least, remainingSeconds * ASK_AGAIN_OF_REMAINING) * (1 + JITTER * random);
  return Math.max(MIN_DELAY_MS, seconds * 1000);
}
