/** What `mailkey proxy status` is told. Nothing secret. */
import type { Protection } from "../platform/harden.ts";
import type { Listening } from "./serving/listeners.ts";

export interface StatusReply {
  readonly v: number;
  readonly version: string;
  readonly pid: number;
  /** Milliseconds since the Unix epoch, as are all that end so. */
  readonly started_at_ms: number;
  /** `socket`: systemd listened first, and started it. */
  readonly started_by: "socket" | "command";
  readonly socket: string;
  readonly listening: readonly Listening[];
  /** What needs a certificate, and there is none. */
  readonly not_served: readonly string[];
  /** Connections that are open, logged in or not. */
  readonly connections: number;
  readonly sessions: readonly SessionCount[];
  /** Since the start. `refused`: the proxy said no. `failed`: the token or the mail server did. */
  readonly logins: { readonly good: number; readonly refused: number; readonly failed: number };
  /** To mail servers, and down to clients. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Undefined: there is none, and no TLS for clients. */
  readonly certificate?: { readonly file: string; readonly ends_at_ms: number } | undefined;
  readonly agent: "serves" | "useless" | "absent";
  readonly protection: readonly Protection[];
  readonly problems: readonly Problem[];
}

export interface SessionCount {
  readonly protocol: string;
  readonly address: string;
  readonly count: number;
}

export interface Problem {
  readonly text: string;
  /** What to type. */
  readonly hint?: string | undefined;
}

/** What the agent's absence, or silence, means to mail programs. */
export function agentProblems(agent: StatusReply["agent"]): Problem[] {
  if (agent === "serves") return [];
  const text = agent === "absent" ? "The agent does not run; the next login starts it." : "The agent does not answer.";
  return [{ text, hint: agent === "absent" ? "mailkey agent start" : "mailkey doctor" }];
}
