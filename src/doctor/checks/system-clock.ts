/** The clock by itself; the check `provider-clock` compares it with the provider's. */
import { readRecord, recordPath } from "../../tokens/record.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";

/** Nobody has run this program before, and nobody will for so long. */
const EARLIEST_MS = Date.UTC(2024, 0);
const LATEST_MS = Date.UTC(2100, 0);
/** Clocks are put right by seconds; by this much only when they were wrong. */
const TOLERANCE_MS = 5 * 60 * 1000;

const REMEDY = ["sudo timedatectl set-ntp true", "timedatectl status"];

export const systemClock: MachineCheck = {
  id: "system-clock",
  title: "whether the clock tells a possible time",
  worst: "error",
  of: "machine",
  examine(machine) {
    const { wallMs } = machine.clock.now();
    if (wallMs < EARLIEST_MS || wallMs > LATEST_MS) return [impossible(wallMs)];
    const latest = Math.max(...machine.accounts.map(({ account }) => lastNoted(machine, account.credential)));
    return latest - wallMs > TOLERANCE_MS ? [setBack(wallMs, latest)] : [];
  },
};

function impossible(wallMs: number): Finding {
  return {
    severity: "error",
    seen: `the clock says ${timeText(wallMs)}`,
    means: "With a wrong date no certificate is valid: neither the provider nor a mail server can be reached.",
    remedy: REMEDY,
  };
}

function setBack(wallMs: number, latest: number): Finding {
  return {
    severity: "warning",
    seen: `the clock says ${timeText(wallMs)}, but mailkey renewed a token at ${timeText(latest)}`,
    means:
      "The clock is wrong now, or was wrong then. mailkey renews such tokens early; other programs may refuse certificates.",
    remedy: REMEDY,
  };
}

/** When something was last obtained, as the clock told it then; 0 when nothing was. */
function lastNoted({ paths }: Machine, address: string): number {
  const record = readRecord(recordPath(paths, address));
  const instants = [
    record?.signedInAt,
    record?.refreshedAt,
    ...Object.values(record?.accessTokens ?? {}).map(({ obtainedAt }) => obtainedAt),
  ];
  return Math.max(0, ...instants.map((instant) => instant?.wallMs ?? 0));
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
}
