/**
 * `access_token_expiration`: local time without a zone, as Python's naive `datetime.isoformat()` writes it.
 *
 * Such a time means two instants in the hour that is repeated in autumn, and another one after a journey. The script adds the lifetime to
 * the local time and so believes an expired token valid for an hour, once a year. Reading therefore assumes the earliest instant that fits,
 * and writing takes care that the script, too, errs on the early side. What mailkey writes it also notes exactly (`token-file.ts`).
 */
import type { Instant } from "../platform/clock.ts";

/** How long an access token was given, from when. */
export interface Lifetime {
  readonly obtainedAt: Instant;
  readonly lifetimeSeconds: number;
}

/** No provider gives more than 28 hours; a time further away comes from a wrong clock. */
const LONGEST_LIFETIME_MS = 48 * 3600 * 1000;
/** Zones change at quarters of an hour, by an hour or less; three hours are more than the repeated time can be. */
const QUARTER_MS = 15 * 60 * 1000;
const QUARTERS_AHEAD = 12;

/**
 * The local time to write for a token that ends at `expiresAtMs`: the lowest that a local clock will show from then on, so that nobody who
 * compares local times takes the token for valid after its end.
 */
export function formatExpiration(expiresAtMs: number): string {
  const firstQuarter = Math.floor(expiresAtMs / QUARTER_MS) + 1;
  let lowest = localMs(expiresAtMs);
  for (let quarter = 0; quarter < QUARTERS_AHEAD; quarter++) {
    lowest = Math.min(lowest, localMs((firstQuarter + quarter) * QUARTER_MS));
  }
  return new Date(lowest).toISOString().replace(/(\.\d{3})Z$/, "$1000"); // Python 3.7 wants six digits
}

/**
 * What a written expiration says about a token's lifetime.
 *
 * @param writtenAtMs when the file was written: the script writes it at the moment it obtains a token
 * @returns undefined when there is no expiration, or none that makes sense: the token then counts as expired
 */
export function lifetimeOf(expiration: string, writtenAtMs: number): Lifetime | undefined {
  const expiresAtMs = parseExpiration(expiration, writtenAtMs);
  if (expiresAtMs === undefined || expiresAtMs - writtenAtMs > LONGEST_LIFETIME_MS) return undefined;
  return { obtainedAt: { wallMs: writtenAtMs }, lifetimeSeconds: (expiresAtMs - writtenAtMs) / 1000 };
}

/** @see https://docs.python.org/3/library/datetime.html#datetime.datetime.fromisoformat */
const ISO_FORMAT =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2}(?::\d{2})?)?$/;

function parseExpiration(text: string, writtenAtMs: number): number | undefined {
  const match = ISO_FORMAT.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day, hours, minutes, seconds = 0] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const milliseconds = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
  const local = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hours, minutes, seconds, milliseconds);
  if (Number.isNaN(local)) return undefined;
  if (match[8] !== undefined) return local - zoneMs(match[8]);
  // Either the local time that it names, or the lifetime that the script added to its local time: whichever ends first.
  return Math.min(earliestInstant(local), writtenAtMs + (local - localMs(writtenAtMs)));
}

function zoneMs(zone: string): number {
  if (zone === "Z") return 0;
  const [hours = 0, minutes = 0, seconds = 0] = zone.slice(1).split(":").map(Number);
  const size = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return zone.startsWith("-") ? -size : size;
}

/** The local time at an instant, as if it were UTC. */
function localMs(instantMs: number): number {
  return instantMs - new Date(instantMs).getTimezoneOffset() * 60_000;
}

/** The first instant at which a local clock shows `local` or more. */
function earliestInstant(local: number): number {
  const offsets = [local - 86_400_000, local + 86_400_000].map((near) => localMs(near) - near);
  const candidates = offsets.map((offset) => local - offset).filter((instant) => localMs(instant) >= local);
  return candidates.length === 0 ? local - Math.min(...offsets) : Math.min(...candidates);
}
