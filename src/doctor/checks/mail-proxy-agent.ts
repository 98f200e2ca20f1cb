/** The agent, from which the mail proxy has its tokens: it holds none itself, and cannot renew one. */
import type { Finding, MachineCheck } from "../check.ts";
import { restartProxyLines } from "../mail-proxy.ts";

export const mailProxyAgent: MachineCheck = {
  id: "mail-proxy-agent",
  title: "the agent, from which the mail proxy has its tokens",
  worst: "error",
  of: "machine",
  async examine(machine) {
    const status = await machine.mailProxy();
    if (status === undefined) return [];
    const agent = await machine.agent();
    if (agent.kind === "running" && LOCKED_STATES.has(agent.status.state)) return [LOCKED];
    // An agent that cannot be used from here either is the matter of `agent-socket`.
    const isFine = agent.kind === "running" || agent.kind === "none";
    return isFine && status.agent === "useless" ? [apart(restartProxyLines(status))] : [];
  },
};

/** `refused`: somebody was asked for the passphrase, and did not give it. */
const LOCKED_STATES: ReadonlySet<string> = new Set(["locked", "refused"]);

const LOCKED: Finding = {
  severity: "error",
  seen: "the mail proxy runs, and the agent is locked",
  means: "Whoever logs in at the proxy is refused until the agent is unlocked.",
  remedy: ["mailkey agent unlock"],
};

function apart(remedy: readonly string[]): Finding {
  return {
    severity: "error",
    seen: "the running mail proxy cannot use the agent that serves these folders",
    means: "It was started with other folders, or before an update: whoever logs in at the proxy is refused.",
    remedy,
  };
}
