/** Starting an agent in the background, for a program that waits for a token, too. */
import type { Environment, Paths } from "../../platform/paths.ts";
import { startInBackground } from "../../service/starting.ts";
import { findAgent } from "./ask-agent.ts";

/** @returns whether an agent for this home answers now */
export function startAgent(paths: Paths, env: Environment, signal?: AbortSignal): Promise<boolean> {
  const find = (given?: AbortSignal) => findAgent(paths, given);
  return startInBackground({ words: ["agent", "run", "--detached"], find, env, signal });
}
