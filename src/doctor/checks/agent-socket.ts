/** The agent's socket: somebody behind it, and for nobody else to use. */
import { chmodSync, lstatSync } from "node:fs";
import { socketPath } from "../../agent/ask-agent.ts";
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
    const { kind } = await machine.agent();
    return [...examineMode(socketPath(machine.paths)), ...examineAnswer(kind, machine)];
  },
};

function examineAnswer(kind: AgentLook["kind"], machine: Machine): Finding[] {
  const path = socketPath(machine.paths);
  if (kind === "none" || kind === "running") return [];
  if (kind === "dead") return [warning(`nobody answers at ${path}: the agent has ended`, restartLines(machine))];
  if (kind === "silent") return [warning(`the agent at ${path} says nothing`, lookLines(machine))];
  return [warning(`the agent at ${path} is of other folders, or of another version`, restartLines(machine))];
}

/** What hangs may tell why in its log. */
function lookLines(machine: Machine): string[] {
  const log =
    unitOf(machine) === undefined ? [] : [shellLine(["journalctl", "--user", "-n", "20", "-u", SERVICE_UNIT])];
  return [...log, ...restartLines(machine)];
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
