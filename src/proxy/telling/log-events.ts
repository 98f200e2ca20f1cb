/** What happens in the proxy, in its log. Whoever has been refused is named by address of the network; of the password nothing is said. */
import { isOwnRefusal, type Observer, type ProxyEvent, type SessionFacts } from "../event.ts";
import type { ProxyLog } from "./messages.ts";

export function logObserver(log: ProxyLog): Observer {
  return (event) => {
    const { session } = event;
    switch (event.kind) {
      case "came":
        return log("connected", namesOf(session));
      case "login":
        return logLogin(log, event);
      case "ended":
        return log(session.address === undefined ? "connection-ended" : "session-ended", {
          ...namesOf(session),
          how: event.how,
          seconds: rounded(event.seconds),
          up: event.up,
          down: event.down,
        });
      case "bug":
        return log("bug", { ...namesOf(session), where: event.where });
    }
  };
}

function logLogin(log: ProxyLog, event: ProxyEvent & { readonly kind: "login" }): void {
  const { session, outcome, reason, upstreamSeconds } = event;
  const seconds = upstreamSeconds === undefined ? undefined : rounded(upstreamSeconds);
  if (outcome === "good") return log("logged-in", { ...namesOf(session), seconds });
  if (outcome === "gone") return log("login-left", { ...namesOf(session), seconds });
  log(isOwnRefusal(outcome) ? "login-refused" : "login-failed", { ...namesOf(session), why: outcome, reason, seconds });
}

function namesOf({ id, service, peer, address, device }: SessionFacts): Record<string, string | undefined> {
  return { session: id, service, peer, address, device };
}

/** To the millisecond. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
