/** Starting a proxy in the background, and waiting for one that was told to stop. */
import type { Clock } from "../../platform/clock.ts";
import type { Environment, Paths } from "../../platform/paths.ts";
import { hasEnded, startInBackground } from "../../service/starting.ts";
import { findProxy, proxyLockPath } from "./ask-proxy.ts";

/** Longer than the proxy gives its sessions. */
const PATIENCE_MS = 30_000;

/** @returns whether a proxy for this home answers now */
export function startProxy(paths: Paths, env: Environment, signal?: AbortSignal): Promise<boolean> {
  const find = (given?: AbortSignal) => findProxy(paths, given);
  return startInBackground({ words: ["proxy", "run", "--detached"], find, env, signal });
}

/** @returns whether there is no proxy any more */
export function hasProxyEnded(paths: Paths, clock: Clock, signal: AbortSignal): Promise<boolean> {
  return hasEnded(proxyLockPath(paths), PATIENCE_MS, clock, signal);
}
