/** Waiting for an agent that was told to stop: what it has begun it ends first. */
import type { Clock } from "../../platform/clock.ts";
import type { Paths } from "../../platform/paths.ts";
import { hasEnded } from "../../service/starting.ts";
import { agentLockPath } from "../only-one.ts";

/** Longer than the agent gives its last renewals. */
const PATIENCE_MS = 20_000;

/** @returns whether there is no agent any more, so that another can be started */
export function hasAgentEnded(paths: Paths, clock: Clock, signal: AbortSignal): Promise<boolean> {
  return hasEnded(agentLockPath(paths), PATIENCE_MS, clock, signal);
}
