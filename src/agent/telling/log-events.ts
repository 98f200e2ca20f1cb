/** Puts what happens in the agent into its log. */
import type { AgentEvent, Observer } from "../event.ts";
import type { AgentLog } from "./messages.ts";
import type { Occasion } from "./occasion.ts";

export function logObserver(log: AgentLog): Observer {
  return (event: AgentEvent) => {
    switch (event.kind) {
      case "token": {
        const { target, token, isNew } = event;
        return log(isNew ? "token-renewed" : "token-found", { ...target, until: isoTime(token.expiresAtMs) });
      }
      case "failed": {
        const { target, error, isPermanent, validSeconds } = event;
        const left = Math.max(0, Math.floor(validSeconds));
        return log("renewal-failed", {
          ...target,
          code: error.code,
          permanent: isPermanent,
          left_seconds: left,
          reason: error.message,
        });
      }
      case "gone":
        return log("account-gone", { ...event.target });
      case "locked":
        return log("locked", { reason: event.reason });
      case "unlocked":
        return log("unlocked");
    }
  };
}

export function logOccasion(log: AgentLog, { kind, address, reason, hint, endsAtMs }: Occasion): void {
  log(kind, { address, reason, hint, ends: endsAtMs === undefined ? undefined : isoTime(endsAtMs) });
}

export function isoTime(ms: number): string {
  return new Date(Math.round(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
