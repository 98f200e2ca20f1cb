/** Starting an agent in the background, and waiting until it answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { startDetached } from "../../platform/detach.ts";
import { ownCommand } from "../../platform/command-path.ts";
import type { Environment, Paths } from "../../platform/paths.ts";
import { askAgent } from "./ask-agent.ts";
import type { StatusReply } from "../status.ts";

/** An executable is there in 20 ms, the Node bundle on a busy machine in a second. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 20;

/** @returns whether an agent for this home answers now */
export async function startAgent(paths: Paths, env: Environment, signal?: AbortSignal): Promise<boolean> {
  const [program, ...args] = ownCommand();
  await startDetached(program, [...args, "agent", "run", "--detached"], env);
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    if ((await askAgent<StatusReply>(paths, { do: "status" }, { signal })) !== undefined) return true;
  }
  return false;
}
