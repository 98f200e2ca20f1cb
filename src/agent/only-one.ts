/** One agent for each user and home. */
import { join } from "node:path";
import { MailkeyError } from "../errors.ts";
import type { Lock } from "../platform/lock.ts";
import type { Paths } from "../platform/paths.ts";
import { beTheOnlyOne } from "../service/listening.ts";

/** Held by the agent while it lives. */
export function agentLockPath({ runtime }: Pick<Paths, "runtime">): string {
  return join(runtime, "agent.lock");
}

/** @throws ERR_LOCK_TIMEOUT when another one runs, ERR_STORAGE */
export async function beTheOnlyAgent(paths: Paths): Promise<Lock> {
  const lock = await beTheOnlyOne(agentLockPath(paths));
  if (lock !== undefined) return lock;
  throw new MailkeyError("ERR_LOCK_TIMEOUT", "another agent runs already", { hint: "mailkey agent status" });
}
