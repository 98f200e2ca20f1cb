/**
 * What is said on the agent's socket: a line of JSON asks, a line of JSON answers, UTF-8, `\n` at the end of each. A connection may
 * carry several requests, one after the other. Fields that are not known are ignored, so that either side may be newer; `v` changes
 * only when an old program would misunderstand a new one.
 *
 * While an answer takes its time the agent says so with `wait` lines: a client that hears nothing at all knows that nobody is there
 * and does the work by itself. docs/agent.md describes all of it for other programs.
 */
import type { ErrorCode } from "../errors.ts";

export const PROTOCOL_VERSION = 1;

/** What the agent is asked to do. */
export const OPERATIONS = ["token", "status", "metrics", "lock", "unlock", "reload", "stop"] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Request {
  readonly v: number;
  readonly do: Operation;
  /** The folders of the asking program's configuration and state: an agent answers for its own only. */
  readonly config: string;
  readonly state: string;
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

/** A MailkeyError on the wire. */
export interface WireError {
  readonly code: ErrorCode | (typeof AGENT_ERRORS)[number];
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}

export interface ErrorReply {
  readonly v: number;
  readonly error: WireError;
}

/** Said at once when the answer is not there yet: `renewing`, `unlocking`. */
export interface WaitReply {
  readonly v: number;
  readonly wait: string;
}

/**
 * Refusals that concern the conversation and not the account; the client then does without the agent.
 * `other_home`: it serves other folders. `version`: it does not speak this version. `request`: not a request. `busy`: too many clients.
 */
export const AGENT_ERRORS = ["other_home", "version", "request", "busy"] as const;

/** A request with a passphrase and an environment is the longest. */
export const MAX_REQUEST_BYTES = 16 * 1024;
/** More than any token with its frame. */
export const MAX_REPLY_BYTES = 1024 * 1024;
