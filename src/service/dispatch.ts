/** From a line to its reply: in which version it is, for which home, and what for. */
import type { Paths } from "../platform/paths.ts";
import { asMailkeyError, refusalLine, wireError, type FrameOfRequest, type WaitReply } from "./wire.ts";

export interface Conversation<Request extends FrameOfRequest> {
  /** Who answers: `agent`, `proxy`. */
  readonly who: string;
  readonly version: number;
  /** What the lines are looked at with, once they are JSON of this version. @returns undefined for what is no request */
  readonly decode: (value: object) => Request | undefined;
  /** What it throws or rejects with is the reply, too. */
  readonly perform: (request: Request) => string | Promise<string>;
}

/** What the line server says by itself. */
export function waitingLine(version: number): string {
  return JSON.stringify({ v: version, wait: "working" } satisfies WaitReply);
}

export function busyLine(version: number): string {
  return refusalLine(version, { code: "busy", message: "too many clients" });
}

/** @returns what the line server calls with every line */
export function dispatcher<Request extends FrameOfRequest>(
  { who, version, decode, perform }: Conversation<Request>,
  { config, state }: Pick<Paths, "config" | "state">,
): (line: string) => string | Promise<string> {
  const otherHome = refusalLine(version, { code: "other_home", message: `this ${who} serves other folders` });
  const otherVersion = refusalLine(version, { code: "version", message: `this ${who} speaks version ${version}` });
  const noRequest = refusalLine(version, { code: "request", message: "this is not a request" });
  const failed = (error: unknown) => refusalLine(version, wireError(asMailkeyError(error, who)));
  return (line) => {
    const value = parsed(line);
    if (value === undefined) return noRequest;
    if (value.v !== version) return otherVersion;
    const request = decode(value);
    if (request === undefined) return noRequest;
    if (request.config !== config || request.state !== state) return otherHome;
    try {
      const reply = perform(request);
      return typeof reply === "string" ? reply : reply.catch(failed);
    } catch (error) {
      return failed(error);
    }
  };
}

function parsed(line: string): { readonly v: number } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("v" in value) || typeof value.v !== "number") return undefined;
    return { ...value, v: value.v };
  } catch {
    return undefined;
  }
}
