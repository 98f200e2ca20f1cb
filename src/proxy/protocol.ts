/** What is said on the proxy's control socket, in the frame that the agent's has: `service/wire.ts`. docs/proxy.md describes it. */
import type { FrameOfRequest } from "../service/wire.ts";

export const PROTOCOL_VERSION = 1;

/** What the proxy is asked to do. */
export const OPERATIONS = ["status", "metrics", "reload", "stop"] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Request extends FrameOfRequest {
  readonly do: Operation;
}
