/** The agent's socket: somebody behind it, and for nobody else to use. */
import { chmodSync, lstatSync } from "node:fs";
import { socketPath } from "../../agent/client/ask-agent.ts";
import { SERVICE_UNIT } from "../../agent/install/systemd.ts";
import { shellLine } from "../../platform/shell.ts";
import { restartLines, unitOf } from "../agent-look.ts";
import type { AgentLook, Finding, Machine, MachineCheck } from "../check.ts";
import { modeText } from "../files.ts";

const MEANS = "Tokens are had without it, but are not renewed ahead, and passphrases are asked for each time.";

export const agentSocket: MachineCheck = {
  id: "agent-socket",
  title: "the agent's socket: somebody there",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    return [...examineMode(socketPath(machine.paths)), ...examineAnswer(await machine.agent(), machine)];
  },
};

function examineAnswer(look: AgentLook, machine: Machine): Finding[] {
  const { kind } = look;
  if (kind === "none" || kind === "running") return [];
  const path = socketPath(machine.paths);
  const anew = restartLines(look, machine);
  if (kind === "dead") return [warning(`nobody answers at ${path}: the agent has ended`, anew)];
  if (kind === "silent") return [warning(`the agent at ${path} says nothing`, [...logLines(machine), ...anew])];
  const advice = "It was started with another XDG_CONFIG_HOME or XDG_STATE_HOME, or before an update: stop it there.";
  return [{ ...warning(`the agent at ${path} is of other folders, or of another version`, []), advice }];
}

/** What hangs may have told why. */
function logLines(machine: Machine): string[] {
  const isSystemds = unitOf(machine) !== undefined;
  return isSystemds ? [shellLine(["journalctl", "--user", "-n", "20", "-u", SERVICE_UNIT])] : [];
}

/** The folder keeps others out; a socket that lets them in is still not what the agent makes. */
function examineMode(path: string): Finding[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isSocket() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) === 0) return [];
  const command = shellLine(["chmod", "go=", path]);
  return [
    {
      severity: "warning",
      seen: `other users may connect to ${path} (mode ${modeText(stat)})`,
      means: "Whoever gets through to it can ask the agent for tokens.",
      remedy: [command],
      fix: { does: command, run: () => chmodSync(path, stat.mode & 0o700) },
    },
  ];
}

function warning(seen: string, remedy: readonly string[]): Finding {
  return { severity: "warning", seen, means: MEANS, remedy };
}
