/** What happens to providers and to the machine, made up beforehand from a seed. */
import type { Chance } from "./random.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How a provider is down. */
export type Trouble = "unreachable" | "silent" | "error 500" | "error 503" | "too many" | "half broken" | "html";

export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly trouble: Trouble;
}

const TROUBLES = ["unreachable", "silent", "error 500", "error 503", "too many", "half broken", "html"] as const;

/** Some two a week, from a minute to two days. */
export function outagesOf(chance: Chance, endMs: number): Outage[] {
  const outages: Outage[] = [];
  for (let atMs = chance.until(4 * DAY); atMs < endMs; ) {
    const toMs = atMs + chance.magnitude(MINUTE, 2 * DAY);
    outages.push({ fromMs: atMs, toMs, trouble: chance.pick(TROUBLES) });
    atMs = toMs + chance.until(4 * DAY);
  }
  return outages;
}

export type MachineEvent =
  | { readonly kind: "suspend"; readonly atMs: number; readonly forMs: number }
  | { readonly kind: "reboot"; readonly atMs: number; readonly forMs: number }
  | { readonly kind: "no network"; readonly atMs: number; readonly forMs: number }
  /** The wall clock is set by so much, and put right later. */
  | { readonly kind: "clock"; readonly atMs: number; readonly byMs: number; readonly forMs: number };

/**
 * Nights and days of a laptop. A clock that is wrong at a restart makes tokens of before look younger or older than they are, which nobody
 * can know afterwards: those two keep apart.
 */
export function machineEvents(chance: Chance, endMs: number): MachineEvent[] {
  const events: MachineEvent[] = [];
  let wrongClockAtMs = -Infinity;
  for (let dayMs = 0; dayMs < endMs; dayMs += DAY) {
    const reboots = dayMs - wrongClockAtMs > 2 * DAY;
    const night = { atMs: dayMs + chance.between(10 * HOUR, 12 * HOUR), forMs: chance.between(6 * HOUR, 9 * HOUR) };
    const forNight = chance.next();
    if (forNight < 0.6) events.push({ kind: "suspend", ...night });
    else if (forNight < 0.75 && reboots) events.push({ kind: "reboot", ...night });
    if (chance.happens(0.7)) {
      const forMs = chance.magnitude(MINUTE, 2 * HOUR);
      events.push({ kind: "suspend", atMs: dayMs + chance.between(0, 9 * HOUR), forMs });
    }
    if (chance.happens(0.15) && reboots)
      events.push({ kind: "reboot", atMs: dayMs + chance.between(0, 9 * HOUR), forMs: chance.between(MINUTE, HOUR) });
    else if (chance.happens(0.3)) {
      wrongClockAtMs = dayMs + DAY + chance.between(0, 18 * HOUR);
      const byMs = chance.magnitude(MINUTE, 400 * DAY) * (chance.happens(0.5) ? 1 : -1);
      events.push({ kind: "clock", atMs: wrongClockAtMs, byMs, forMs: chance.between(MINUTE, 6 * HOUR) });
    }
    if (chance.happens(0.5)) {
      const forMs = chance.magnitude(10 * SECOND, 4 * HOUR);
      events.push({ kind: "no network", atMs: dayMs + chance.between(0, DAY), forMs });
    }
  }
  return events.toSorted((a, b) => a.atMs - b.atMs);
}
