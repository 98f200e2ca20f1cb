/** Spans of time for people: `59 min`, `2 h`, `12 days`. */

const UNITS = [
  { seconds: 86_400, one: "day", many: "days" },
  { seconds: 3600, one: "h", many: "h" },
  { seconds: 60, one: "min", many: "min" },
  { seconds: 1, one: "s", many: "s" },
] as const;

/** The largest whole unit that fits, rounded down; `0 s` for nothing. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const unit = UNITS.find((candidate) => whole >= candidate.seconds * (candidate.one === "day" ? 2 : 1)) ?? UNITS[3];
  const count = Math.floor(whole / unit.seconds);
  return `${count} ${count === 1 ? unit.one : unit.many}`;
}
