/** No agent answers: why, and what to type then. */
import { findAgent, socketPath } from "../agent/client/ask-agent.ts";
import type { MailkeyError } from "../errors.ts";
import { noneOf, troubleWith, type Absent } from "./absent.ts";
import type { Context } from "./context.ts";

/** @returns undefined when there is none, and nothing in the way of one */
export function agentTrouble(context: Context): Promise<MailkeyError | undefined> {
  return troubleWith(absent(context), context);
}

/** For what an agent is needed for. */
export function noAgent(context: Context): Promise<MailkeyError> {
  return noneOf(absent(context), context);
}

function absent({ paths, signal }: Context): Absent {
  return { who: "agent", socket: socketPath(paths), find: () => findAgent(paths, signal) };
}
