/** `mailkey agent install` and `uninstall`: the agent as a service of this user's, started at login. */
import { askAgent } from "../agent/client/ask-agent.ts";
import { planInstall, planUninstall } from "../agent/install/plan.ts";
import { SOCKET_UNIT } from "../agent/install/systemd.ts";
import type { Context } from "./context.ts";
import { install, installWorld, uninstall, type Installation, type InstallValues } from "./install-service.ts";

const INSTALLED: Installation["installed"] = {
  systemd: `The agent runs while you are logged in. For cron jobs without a login:
    loginctl enable-linger
See: mailkey agent status
`,
  launchd: "The agent runs while you are logged in.\nSee: mailkey agent status\n",
};

const BY_HAND = "\nUntil then, and where there is no systemd at all: mailkey agent start\n";

/** @throws ERR_UNSUPPORTED, ERR_CONFIG, ERR_STORAGE, ERR_PROGRAM */
export function installAgent(context: Context, values: InstallValues): Promise<void> {
  const stop = () => askAgent(context.paths, { do: "stop" });
  const plan = planInstall(installWorld(context));
  return install(context, plan, values, { unit: SOCKET_UNIT, stop, installed: INSTALLED, byHand: BY_HAND });
}

/** @throws as `installAgent` */
export function uninstallAgent(context: Context, values: InstallValues): Promise<void> {
  return uninstall(context, planUninstall(installWorld(context)), values);
}
