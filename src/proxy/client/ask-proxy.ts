/** Asking the proxy, where there is one. */
import type { Paths } from "../../platform/paths.ts";
import { converse, isOpenToOthers, type Essence } from "../../service/asking.ts";
import { PROTOCOL_VERSION, type Operation, type Request } from "../protocol.ts";

const ESSENCE: Readonly<Record<Operation, Essence>> = {
  status: ["pid", "number"],
  metrics: ["metrics", "string"],
  reload: ["done", "boolean"],
  stop: ["done", "boolean"],
};

/** Where the proxy is asked. Mail programs connect elsewhere. */
export function proxySocketPath(paths: Pick<Paths, "runtime">): string {
  return `${paths.runtime}/proxy.sock`;
}

/** Held by the proxy while it lives. */
export function proxyLockPath({ runtime }: Pick<Paths, "runtime">): string {
  return `${runtime}/proxy.lock`;
}

/**
 * @returns what it answered; undefined when there is none, or none for this home and version
 * @throws the error it answered with, as if it had happened here; the signal's reason
 */
export async function askProxy<Reply extends object>(
  paths: Paths,
  operation: Operation,
  signal?: AbortSignal,
): Promise<Reply | undefined> {
  return (await ask(paths, operation, signal)).reply as Reply | undefined;
}

/** As `findAgent`. @throws the signal's reason */
export async function findProxy(paths: Paths, signal?: AbortSignal): Promise<"serves" | "useless" | "absent"> {
  if (isOpenToOthers(paths.runtime)) return "useless";
  const { end, reply } = await ask(paths, "status", signal);
  if (reply !== undefined) return "serves";
  return end === "absent" ? "absent" : "useless";
}

function ask(paths: Paths, operation: Operation, signal?: AbortSignal): ReturnType<typeof converse> {
  const { config, state, runtime } = paths;
  const request: Request = { v: PROTOCOL_VERSION, config, state, do: operation };
  return converse(runtime, proxySocketPath(paths), request, ESSENCE[operation], { signal });
}
