/** What happens in the proxy, for those who tell of it: log and metrics. Nothing secret, and nothing of what passes. */
import type { ProxyService } from "../accounts/proxy-config.ts";
import type { MailProtocol } from "../mail/report.ts";
import type { Refusal } from "./refusal.ts";

/** One client's connection. */
export interface SessionFacts {
  /** Short, and unique while the proxy runs. */
  readonly id: string;
  readonly service: ProxyService;
  readonly protocol: MailProtocol;
  /** The client's IP address. */
  readonly peer: string;
  /** The mailbox, once the password was right. */
  readonly address?: string | undefined;
  /** Whose password it was. */
  readonly device?: string | undefined;
}

/** `gone`: the client did not wait for the answer. */
export type LoginOutcome = "good" | "gone" | Refusal["kind"];

/**
 * Who or what ended a session. `client`, `server`: hung up, or were cut off. `refused`: the front had enough. `time`: no login in time.
 * `idle`: silent for too long. `crowded`: it had to make room. `handshake`: no TLS came about. `stopping`: the proxy ends.
 */
export const SESSION_ENDS = [
  "client",
  "server",
  "refused",
  "time",
  "idle",
  "crowded",
  "handshake",
  "stopping",
  "bug",
] as const;
export type SessionEnd = (typeof SESSION_ENDS)[number];

export type ProxyEvent =
  | { readonly kind: "came"; readonly session: SessionFacts }
  | {
      readonly kind: "login";
      readonly session: SessionFacts;
      readonly outcome: LoginOutcome;
      /** Why not, where that is more than the outcome. */
      readonly reason?: string | undefined;
      /** From the right password to the server's yes or no. */
      readonly upstreamSeconds?: number | undefined;
    }
  | {
      readonly kind: "ended";
      readonly session: SessionFacts;
      readonly how: SessionEnd;
      readonly seconds: number;
      /** Bytes from the client to the server, and back, after the login. */
      readonly up: number;
      readonly down: number;
    }
  | { readonly kind: "bug"; readonly session: SessionFacts; readonly where: string };

export type Observer = (event: ProxyEvent) => void;

/** Whether the proxy itself said no, before it asked anybody. */
export function isOwnRefusal(outcome: LoginOutcome): boolean {
  return outcome === "password" || outcome === "throttled" || outcome === "sessions";
}
