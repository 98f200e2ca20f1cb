/** Starting an agent in the background, and waiting until it answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { startDetached } from "../../platform/detach.ts";
import { ownCommand } from "../../platform/command-path.ts";
import type { Environment, Paths } from "../../platform/paths.ts";
import { IDLE_ENVIRONMENT } from "../../platform/runtime.ts";
import { findAgent } from "./ask-agent.ts";

/** An executable is there in 20 ms, the Node bundle on a busy machine in a second. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 20;
/** How it ends when another one was quicker, which will answer soon: EX_TEMPFAIL. */
const ANOTHER_RUNS = 75;

/**
 * A program that waits for a token is held up for nothing by an agent that cannot be: one that ends at once is not waited for, and where
 * one is of no use none is started.
 *
 * @returns whether an agent for this home answers now
 */
export async function startAgent(paths: Paths, env: Environment, signal?: AbortSignal): Promise<boolean> {
  const before = await findAgent(paths, signal);
  if (before !== "absent") return before === "serves";
  const [program, ...args] = ownCommand();
  const ending = await startDetached(program, [...args, "agent", "run", "--detached"], { ...env, ...IDLE_ENVIRONMENT });
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    const isComing = [undefined, ANOTHER_RUNS].includes(ending());
    const found = await findAgent(paths, signal);
    if (found !== "absent") return found === "serves";
    if (!isComing) return false;
  }
  return false;
}
