/**
 * Asking the agent, where there is one. Everything works without: `undefined` means that nobody of ours answered, and the asker does
 * the work by itself. Lean: every `mailkey token` comes through here first.
 */
import type { Paths } from "../../platform/paths.ts";
import type { ExchangeEnd } from "../../platform/unix-socket.ts";
import { converse, isOpenToOthers, type AskOptions, type Essence } from "../../service/asking.ts";
import { PROTOCOL_VERSION, type Operation, type Request } from "../protocol.ts";

const ESSENCE: Readonly<Record<Operation, Essence>> = {
  token: ["token", "string"],
  status: ["pid", "number"],
  metrics: ["metrics", "string"],
  lock: ["done", "boolean"],
  unlock: ["done", "boolean"],
  reload: ["done", "boolean"],
  stop: ["done", "boolean"],
};

export type Question = Omit<Request, "v" | "config" | "state">;

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
  const { reply } = await ask(paths, question, options);
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
  const { end, reply } = await ask(paths, { do: "status" }, { signal });
  if (reply !== undefined) return "serves";
  return end === "absent" ? "absent" : "useless";
}

function ask(
  paths: Paths,
  question: Question,
  options: AskOptions,
): Promise<{ readonly end: ExchangeEnd; readonly reply?: object }> {
  const request: Request = { v: PROTOCOL_VERSION, config: paths.config, state: paths.state, ...question };
  return converse(paths.runtime, socketPath(paths), request, ESSENCE[question.do], options);
}
