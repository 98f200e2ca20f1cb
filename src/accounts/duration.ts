/** Times in configuration files. */
import * as v from "valibot";

/** `"30m"`, `"8h"`, `"7d"`; a bare number is seconds. */
export const duration = v.union([
  v.pipe(v.number(), v.minValue(1)),
  v.pipe(v.string(), v.regex(/^[1-9]\d{0,6}[smhd]$/, "must be a time like 30m or 8h")),
]);

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function durationMs(value: number | string): number {
  return typeof value === "number" ? value * 1000 : Number.parseInt(value, 10) * (UNIT_MS[value.slice(-1)] ?? 1000);
}
