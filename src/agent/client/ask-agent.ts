/**
 * Asking the agent, where there is one. Everything works without: `undefined` means that nobody of ours answered, and the asker does
 * the work by itself. Lean: every `mailkey token` comes through here first.
 */
import { lstatSync } from "node:fs";
import { MailkeyError, type ErrorCode } from "../../errors.ts";
import type { Paths } from "../../platform/paths.ts";
import { exchange } from "../../platform/unix-socket.ts";
import { AGENT_ERRORS, MAX_REPLY_BYTES, PROTOCOL_VERSION, type Request, type WireError } from "../protocol.ts";

/** An agent that is there says something at once, if only that it takes longer. */
const SILENCE_MS = 3000;
const GROUP_OR_OTHERS = 0o077;

export type Question = Omit<Request, "v" | "config" | "state">;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what the agent is waiting for, as often as it says so. */
  readonly onWait?: (what: string) => void;
}

/** Where the agent listens. */
export function socketPath(paths: Pick<Paths, "runtime">): string {
  return `${paths.runtime}/agent.sock`;
}

/**
 * @returns what it answered; undefined when there is none, or none for this home and version
 * @throws the error it answered with, as if it had happened here; the signal's reason
 */
export async function askAgent<Reply extends object>(
  paths: Paths,
  question: Question,
  options: AskOptions = {},
): Promise<Reply | undefined> {
  if (!isPrivate(paths.runtime)) return undefined;
  const request: Request = { v: PROTOCOL_VERSION, config: paths.config, state: paths.state, ...question };
  let reply: Record<string, unknown> | undefined;
  const onLine = (line: string): boolean => {
    const said = parse(line);
    if (typeof said?.["wait"] === "string") {
      options.onWait?.(said["wait"]);
      return false;
    }
    reply = said;
    return true;
  };
  const end = await exchange(socketPath(paths), `${JSON.stringify(request)}\n`, {
    silenceMs: SILENCE_MS,
    maxBytes: MAX_REPLY_BYTES,
    onLine,
    signal: options.signal,
  });
  if (end !== "done" || reply === undefined) return undefined;
  const { error } = reply;
  if (error === undefined) return reply as Reply;
  const failure = error as WireError;
  if (isAgentError(failure.code)) return undefined;
  throw errorOf(failure);
}

/** A MailkeyError that came over the wire. */
export function errorOf({ code, message, hint, details }: WireError): MailkeyError {
  return new MailkeyError(code as ErrorCode, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

/** The folder is ours alone: whoever listens in it runs as this user. */
function isPrivate(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return false;
  const user = process.getuid?.();
  return user === undefined || (stat.uid === user && (stat.mode & GROUP_OR_OTHERS) === 0);
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isAgentError(code: string): boolean {
  return (AGENT_ERRORS as readonly string[]).includes(code);
}
