/**
 * Asking a process of ours, where there is one: the agent, the proxy. `undefined` means that nobody of ours answered. Lean: every
 * `mailkey token` comes through here first.
 */
import { lstatSync } from "node:fs";
import { exchange, type ExchangeEnd } from "../platform/unix-socket.ts";
import { errorOf, type FrameOfRequest, type WireError } from "./wire.ts";

/** Who is there says something at once, if only that it takes longer. */
const SILENCE_MS = 3000;
/** More than any token with its frame. */
export const MAX_REPLY_BYTES = 1024 * 1024;
const GROUP_OR_OTHERS = 0o077;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what is being waited for, as often as it is said. */
  readonly onWait?: (what: string) => void;
}

/** What a reply cannot be without. Another release may be at the socket: what it says is looked at, not believed. */
export type Essence = readonly [field: string, type: "string" | "number" | "boolean"];

/**
 * @param folder of the socket, which has to be ours alone: whoever listens in it runs as this user
 * @param path of the socket
 * @throws the error it answered with, as if it had happened here; the signal's reason
 */
export async function converse(
  folder: string,
  path: string,
  request: FrameOfRequest,
  [field, type]: Essence,
  { signal, onWait }: AskOptions = {},
): Promise<{ readonly end: ExchangeEnd; readonly reply?: object }> {
  if (!isPrivate(folder)) return { end: "absent" };
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
  const end = await exchange(path, `${JSON.stringify(request)}\n`, {
    silenceMs: SILENCE_MS,
    maxBytes: MAX_REPLY_BYTES,
    onLine,
    signal,
  });
  if (end !== "done" || reply?.["v"] !== request.v) return { end };
  const { error, warning } = reply;
  if (isWireError(error) && isOurs(error)) throw errorOf(error);
  const isReply =
    error === undefined && typeof reply[field] === type && (warning === undefined || isWireError(warning));
  return isReply ? { end, reply } : { end };
}

/** Whether nobody in that folder is asked, because it may be somebody else's. */
export function isOpenToOthers(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false }) !== undefined && !isPrivate(folder);
}

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

/** Errors in small letters concern the conversation: whoever asked does without. */
function isOurs({ code }: WireError): boolean {
  return code.startsWith("ERR_");
}
