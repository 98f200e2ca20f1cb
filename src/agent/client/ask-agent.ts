/**
 * Asking the agent, where there is one. Everything works without: `undefined` means that nobody of ours answered, and the asker does
 * the work by itself. Lean: every `mailkey token` comes through here first.
 */
import { lstatSync } from "node:fs";
import { MailkeyError, type ErrorCode } from "../../errors.ts";
import type { Paths } from "../../platform/paths.ts";
import { exchange, type ExchangeEnd } from "../../platform/unix-socket.ts";
import { MAX_REPLY_BYTES, PROTOCOL_VERSION, type Operation, type Request, type WireError } from "../protocol.ts";

/** An agent that is there says something at once, if only that it takes longer. */
const SILENCE_MS = 3000;
const GROUP_OR_OTHERS = 0o077;

/** What a reply cannot be without. An agent of another release may be at the socket: what it says is looked at, not believed. */
const ESSENCE: Readonly<Record<Operation, readonly [field: string, type: "string" | "number" | "boolean"]>> = {
  token: ["token", "string"],
  status: ["pid", "number"],
  metrics: ["metrics", "string"],
  lock: ["done", "boolean"],
  unlock: ["done", "boolean"],
  reload: ["done", "boolean"],
  stop: ["done", "boolean"],
};

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
  const { reply } = await converse(paths, question, options);
  return reply as Reply | undefined;
}

/**
 * Whether there is an agent: one that `serves` this home; one that is of no use to it, because it is stopped in its tracks, too busy, another
 * home's or of another version, or because others can get at its socket; or none.
 *
 * @throws the signal's reason
 */
export async function findAgent(paths: Paths, signal?: AbortSignal): Promise<"serves" | "useless" | "absent"> {
  if (isOpenToOthers(paths.runtime)) return "useless";
  const { end, reply } = await converse(paths, { do: "status" }, { signal });
  if (reply !== undefined) return "serves";
  return end === "absent" ? "absent" : "useless";
}

/** @throws the error it answered with; the signal's reason */
async function converse(
  paths: Paths,
  question: Question,
  { signal, onWait }: AskOptions,
): Promise<{ readonly end: ExchangeEnd; readonly reply?: object }> {
  if (!isPrivate(paths.runtime)) return { end: "absent" };
  const request: Request = { v: PROTOCOL_VERSION, config: paths.config, state: paths.state, ...question };
  let reply: Record<string, unknown> | undefined;
  const onLine = (line: string): boolean => {
    const said = parse(line);
    if (typeof said?.["wait"] === "string") {
      onWait?.(said["wait"]);
      return false;
    }
    reply = said;
    return true;
  };
  const end = await exchange(socketPath(paths), `${JSON.stringify(request)}\n`, {
    silenceMs: SILENCE_MS,
    maxBytes: MAX_REPLY_BYTES,
    onLine,
    signal,
  });
  if (end !== "done" || reply?.["v"] !== PROTOCOL_VERSION) return { end };
  const { error, warning } = reply;
  if (isWireError(error) && isOurs(error)) throw errorOf(error);
  const [field, type] = ESSENCE[question.do];
  const isReply =
    error === undefined && typeof reply[field] === type && (warning === undefined || isWireError(warning));
  return isReply ? { end, reply } : { end };
}

/** A MailkeyError that came over the wire. */
export function errorOf({ code, message, hint, details }: WireError): MailkeyError {
  return new MailkeyError(code as ErrorCode, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

/** Whether an agent in that folder is not asked, because it may be somebody else's. */
export function isOpenToOthers(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false }) !== undefined && !isPrivate(folder);
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

function isWireError(value: unknown): value is WireError {
  if (typeof value !== "object" || value === null) return false;
  const { code, message, hint } = value as Record<string, unknown>;
  return typeof code === "string" && typeof message === "string" && (hint === undefined || typeof hint === "string");
}

/** Errors in small letters concern the conversation: whoever asked does without the agent. */
function isOurs({ code }: WireError): boolean {
  return code.startsWith("ERR_");
}
