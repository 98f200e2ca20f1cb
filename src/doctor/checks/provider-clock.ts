/** This machine's clock against the provider's. */
import type { Machine, MachineCheck } from "../check.ts";
import { askProvider, isJson, tokenEndpoints } from "../network.ts";

/** Providers and signed assertions tolerate some minutes; a clock that is kept by the network is off by less than a second. */
const TOLERATED_MS = 60_000;

export const providerClock: MachineCheck = {
  of: "machine",
  id: "provider-clock",
  title: "this machine's clock against the provider's",
  worst: "warning",
  async examine(machine) {
    const skews = await Promise.all(tokenEndpoints(machine).map((url) => skewOf(machine, url)));
    const skewMs = skews.find((skew) => skew !== undefined && Math.abs(skew) > TOLERATED_MS);
    if (skewMs === undefined) return [];
    return [
      {
        severity: "warning",
        seen: `this machine's clock is ${inWords(Math.abs(skewMs))} ${skewMs > 0 ? "ahead of" : "behind"} the provider's`,
        means:
          "Times in logs and mails are wrong; certificates and signed requests are refused when it is off by some minutes.",
        remedy: ["sudo timedatectl set-ntp true"],
      },
    ];
  },
};

/** Milliseconds that this machine is ahead; undefined when the provider does not say, or somebody else answers in its place. */
async function skewOf(machine: Machine, url: URL): Promise<number | undefined> {
  const answer = await askProvider(machine, url);
  if (answer.kind !== "answered" || !isJson(answer.contentType)) return undefined;
  const theirs = Date.parse(answer.date ?? "");
  return Number.isNaN(theirs) ? undefined : answer.atMs - theirs;
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 90) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}
