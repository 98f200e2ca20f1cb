/** The systemd units that `mailkey agent install` wrote: enabled, and with a program that is there. */
import { join } from "node:path";
import { MARK } from "../../agent/install/plan.ts";
import { SERVICE_UNIT, SOCKET_UNIT } from "../../agent/install/systemd.ts";
import { startedBy } from "../../service/install/systemd.ts";
import { isExecutable } from "../../platform/executables.ts";
import { homeFolder } from "../../platform/paths.ts";
import { unitOf } from "../agent-look.ts";
import type { Finding, Machine, MachineCheck } from "../check.ts";
import { linkStatOf } from "../files.ts";

export const agentUnits: MachineCheck = {
  id: "agent-units",
  title: "systemd's units for the agent",
  worst: "error",
  of: "machine",
  examine(machine) {
    const unit = unitOf(machine);
    if (unit === undefined) return [];
    const program = startedBy(unit.text);
    if (program !== undefined && !isExecutable(program)) return [gone(unit.path, program)];
    // A package's units are there for everybody, and nobody has to want them.
    return unit.text.includes(MARK) && !isEnabled(machine) ? [disabled(unit.path)] : [];
  },
};

/** @see systemd.unit(5): enabling makes these links */
function isEnabled(machine: Machine): boolean {
  const links = [`sockets.target.wants/${SOCKET_UNIT}`, `default.target.wants/${SERVICE_UNIT}`];
  const folders = [join(homeFolder(machine.env), ".config/systemd/user"), machine.system("/etc/systemd/user")];
  return links.some((link) => folders.some((folder) => linkStatOf(join(folder, link)) !== undefined));
}

function gone(path: string, program: string): Finding {
  return {
    severity: "error",
    seen: `${path} starts ${program}, which is not there or cannot be run`,
    means: "The agent does not start; programs that read a token file find none.",
    remedy: ["mailkey agent install"],
  };
}

function disabled(path: string): Finding {
  return {
    severity: "warning",
    seen: `${path} is there, but not enabled`,
    means: "The agent does not start when you log in.",
    remedy: ["mailkey agent install"],
    advice: "To do without the agent: mailkey agent uninstall.",
  };
}
