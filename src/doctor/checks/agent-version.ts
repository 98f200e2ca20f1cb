/** An agent that was started before an update goes on as it was. */
import { peerText } from "../../platform/text.ts";
import { VERSION } from "../../version.ts";
import { restartLines } from "../agent-look.ts";
import type { MachineCheck } from "../check.ts";

export const agentVersion: MachineCheck = {
  id: "agent-version",
  title: "the running agent's version",
  worst: "warning",
  of: "machine",
  async examine(machine) {
    const look = await machine.agent();
    if (look.kind !== "running" || look.status.version === VERSION) return [];
    return [
      {
        severity: "warning",
        seen: `the running agent is mailkey ${peerText(look.status.version, 30)}, this is ${VERSION}`,
        means: "What the update mended is not mended in the agent until it is started anew.",
        remedy: restartLines(look, machine),
      },
    ];
  },
};
