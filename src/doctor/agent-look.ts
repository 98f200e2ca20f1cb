/** Asks the agent what it says of itself, and knows what starts it. */
import { lstatSync } from "node:fs";
import { askAgent, socketPath } from "../agent/client/ask-agent.ts";
import { PROTOCOL_VERSION } from "../agent/protocol.ts";
import { MARK, serviceUnitOf } from "../agent/install/plan.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../agent/install/systemd.ts";
import type { StatusReply } from "../agent/status.ts";
import { isMailkeyError } from "../errors.ts";
import { homeFolder, type Paths } from "../platform/paths.ts";
import { shellLine } from "../platform/shell.ts";
import { exchange } from "../platform/unix-socket.ts";
import type { AgentLook, Machine } from "./check.ts";
import { textOf } from "./files.ts";

/** Less than the time of one check. */
const SILENCE_MS = 2000;
const MAX_BYTES = 1024 * 1024;

export async function lookAtAgent(paths: Paths): Promise<AgentLook> {
  const path = socketPath(paths);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return { kind: "none" };
  const question = JSON.stringify({ v: PROTOCOL_VERSION, do: "status", config: paths.config, state: paths.state });
  const end = await exchange(path, `${question}\n`, {
    silenceMs: SILENCE_MS,
    maxBytes: MAX_BYTES,
    onLine: () => true,
  });
  if (end !== "done") return { kind: end === "absent" ? "dead" : "silent" };
  const status = await statusOf(paths);
  return status === undefined ? { kind: "stranger" } : { kind: "running", status };
}

async function statusOf(paths: Paths): Promise<StatusReply | undefined> {
  try {
    return await askAgent<StatusReply>(paths, { do: "status" });
  } catch (error) {
    if (isMailkeyError(error)) return undefined;
    throw error;
  }
}

/** Starts the agent anew: by systemd where that has started it, or was told to. */
export function restartLines(look: AgentLook, machine: Machine): string[] {
  const isSystemds =
    look.kind === "running" ? look.status.started_by === "socket" : unitOf(machine)?.text.includes(MARK) === true;
  return isSystemds
    ? [shellLine(["systemctl", "--user", "restart", SOCKET_UNIT, SERVICE_UNIT])]
    : ["mailkey agent stop", "mailkey agent start"];
}

/** The unit that starts the agent; undefined when there is none. */
export function unitOf(machine: Machine): ReturnType<typeof serviceUnitOf> {
  const { env } = machine;
  const home = homeFolder(env);
  return serviceUnitOf({ env, read: (path) => textOf(path.startsWith(home) ? path : machine.system(path)) });
}
