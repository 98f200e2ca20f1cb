/** What has to be written and run for the agent to be started with every login, and to be taken back. */
import {
  markOf,
  planInstall as planInstallOf,
  planUninstall as planUninstallOf,
  serviceUnitOf as unitOf,
  type InstallPlan,
  type InstallWorld,
  type UserService,
} from "../../service/install/plan.ts";
import { socketPath } from "../client/ask-agent.ts";
import { SERVICE_UNIT, SOCKET_UNIT, systemdUnits } from "./systemd.ts";

/** In every file that is written. */
export const MARK = markOf("agent");

/** @throws ERR_UNSUPPORTED where nobody starts services for users, ERR_CONFIG when a file of somebody else's is in the way */
export function planInstall(world: InstallWorld): InstallPlan {
  return planInstallOf(world, serviceFor(world));
}

/** @throws as `planInstall` */
export function planUninstall(world: InstallWorld): InstallPlan {
  return planUninstallOf(world, serviceFor(world));
}

/** The service unit that counts for this user, and where; undefined when there is none, or no systemd. */
export function serviceUnitOf(world: Pick<InstallWorld, "env" | "read">): { path: string; text: string } | undefined {
  return unitOf(world, "agent");
}

function serviceFor({ env, paths }: InstallWorld): UserService {
  const isElsewhere = (env["MAILKEY_HOME"] ?? "") !== "";
  return {
    name: "agent",
    units: (executable, environment) =>
      systemdUnits(executable, { environment, ...(isElsewhere ? { socket: socketPath(paths) } : {}) }),
    otherUnits: [SOCKET_UNIT, SERVICE_UNIT],
    isUsual: !isElsewhere,
    without: "set autostart = true under [agent] in config.toml, or run at login: mailkey agent start",
  };
}
