/**
 * What is said on the agent's socket: a line of JSON asks, a line of JSON answers, UTF-8, `\n` at the end of each. A connection may
 * carry several requests, one after the other. Fields that are not known are ignored, so that either side may be newer; `v` changes
 * only when an old program would misunderstand a new one.
 *
 * While an answer takes its time the agent says so with `wait` lines: a client that hears nothing at all knows that nobody is there
 * and does the work by itself. docs/agent.md describes all of it for other programs.
 */
import type { FrameOfRequest, WireError } from "../service/wire.ts";

export const PROTOCOL_VERSION = 1;

/** What the agent is asked to do. */
export const OPERATIONS = ["token", "status", "metrics", "lock", "unlock", "reload", "stop"] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Request extends FrameOfRequest {
  readonly do: Operation;
  /** For `token`: the account; the only one when left out. */
  readonly address?: string | undefined;
  readonly resource?: string | undefined;
  /** Seconds. */
  readonly min_ttl?: number | undefined;
  readonly force?: boolean | undefined;
  /** The SHA-256 (hex) of a token that a mail server has refused, though it should still be good: another one is wanted. */
  readonly refused?: string | undefined;
  /** For `unlock`: typed by the person; and where gpg may ask: GPG_TTY, DISPLAY, … */
  readonly passphrase?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface TokenReply {
  readonly v: number;
  readonly token: string;
  readonly resource: string;
  readonly scope: string;
  /** Milliseconds since the Unix epoch. */
  readonly expires_at_ms: number;
  readonly lifetime: number;
  readonly source: "cached" | "refreshed" | "superseded" | "stale";
  /** What the user has to know soon, though the token is good. */
  readonly warning?: WireError | undefined;
}

/** A request with a passphrase and an environment is the longest. */
export const MAX_REQUEST_BYTES = 16 * 1024;
