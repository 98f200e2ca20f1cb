/**
 * What has to be written and run for the agent to be started with every login, and to be taken back. A plan changes nothing:
 * `carry-out.ts` does that, and shows what it would do.
 */
import { isAbsolute, join } from "node:path";
import { MailkeyError } from "../../errors.ts";
import { homeFolder, type Environment, type Paths } from "../../platform/paths.ts";
import { socketPath } from "../client/ask-agent.ts";
import { LAUNCH_LABEL, launchAgentPlist } from "./launchd.ts";
import { SERVICE_UNIT, SOCKET_UNIT, startLine, systemdUnits, type Unit, type UnitOptions } from "./systemd.ts";

export interface InstallWorld {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  readonly paths: Paths;
  readonly user: number;
  /** This program's absolute path. */
  readonly executable: string;
  /** The content of a file; undefined when there is none. */
  readonly read: (path: string) => string | undefined;
  readonly has: (program: string) => boolean;
}

export type Step =
  | { readonly kind: "write"; readonly path: string; readonly content: string }
  | { readonly kind: "remove"; readonly path: string }
  /** @param mayFail what it undoes may not be there */
  | { readonly kind: "run"; readonly words: readonly [string, ...string[]]; readonly mayFail?: boolean };

export type Manager = "systemd" | "launchd";

export interface InstallPlan {
  readonly manager: Manager;
  /** Those that would change nothing are not in it. */
  readonly steps: readonly Step[];
}

/** In every file that is written, and asked for before one is replaced or removed. */
export const MARK = "mailkey agent install wrote this, and mailkey agent uninstall removes it.";
const SYSTEMD_MARK = `# ${MARK}
# Your own settings: systemctl --user edit mailkey-agent.service

`;

/** Where packages and administrators put units for all users, the first goes before the others. @see systemd.unit(5) */
const SYSTEM_UNIT_FOLDERS = [
  "/etc/systemd/user",
  "/run/systemd/user",
  "/usr/local/lib/systemd/user",
  "/usr/lib/systemd/user",
  "/lib/systemd/user",
] as const;

/** What a shell's start-up files may say and a service manager does not know, with what goes without saying, in the home folder. */
const HANDED_ON: Readonly<Record<string, string>> = {
  MAILKEY_HOME: "",
  XDG_CONFIG_HOME: ".config",
  XDG_STATE_HOME: ".local/state",
  GNUPGHOME: ".gnupg",
};

/** @throws ERR_UNSUPPORTED where nobody starts services for users, ERR_CONFIG when a file of somebody else's is in the way */
export function planInstall(world: InstallWorld): InstallPlan {
  return managerOf(world) === "systemd" ? installSystemd(world) : installLaunchd(world);
}

/** @throws as `planInstall` */
export function planUninstall(world: InstallWorld): InstallPlan {
  return managerOf(world) === "systemd" ? uninstallSystemd(world) : uninstallLaunchd(world);
}

/** The service unit that counts for this user, and where; undefined when there is none, or no systemd. */
export function serviceUnitOf(world: Pick<InstallWorld, "env" | "read">): { path: string; text: string } | undefined {
  for (const folder of [userUnitFolder(world.env), ...SYSTEM_UNIT_FOLDERS]) {
    const path = join(folder, SERVICE_UNIT);
    const text = world.read(path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

function managerOf({ platform, has }: InstallWorld): Manager {
  if (platform === "linux" && has("systemctl")) return "systemd";
  if (platform === "darwin") return "launchd";
  throw new MailkeyError("ERR_UNSUPPORTED", "there is neither systemd nor launchd here to start the agent at login", {
    hint: "set autostart = true under [agent] in config.toml, or run at login: mailkey agent start",
  });
}

function installSystemd(world: InstallWorld): InstallPlan {
  const own = ownUnits(world);
  const isPackaged = own.every(({ present }) => present === undefined) && isServedByPackage(world);
  const writes: Step[] = isPackaged
    ? []
    : own.flatMap(({ path, content, present }) => (present === content ? [] : [{ kind: "write", path, content }]));
  // An agent that runs already goes on with what it was started with, unless it is told.
  const news = writes.length === 0 ? [] : [systemctl("daemon-reload"), systemctl("try-restart", SERVICE_UNIT)];
  return { manager: "systemd", steps: [...writes, ...news, systemctl("enable", "--now", SOCKET_UNIT, SERVICE_UNIT)] };
}

function uninstallSystemd(world: InstallWorld): InstallPlan {
  const own = ownUnits(world).filter(({ present }) => present !== undefined);
  if (own.length === 0 && serviceUnitOf(world) === undefined) return { manager: "systemd", steps: [] };
  const removals = own.map(({ path }): Step => ({ kind: "remove", path }));
  const disable = { ...systemctl("disable", "--now", SERVICE_UNIT, SOCKET_UNIT), mayFail: true };
  return {
    manager: "systemd",
    steps: [disable, ...removals, ...(removals.length === 0 ? [] : [systemctl("daemon-reload")])],
  };
}

interface OwnUnit {
  readonly path: string;
  readonly content: string;
  readonly present: string | undefined;
}

function ownUnits(world: InstallWorld): OwnUnit[] {
  return systemdUnits(world.executable, unitOptions(world)).map(({ name, text }: Unit) => {
    const path = join(userUnitFolder(world.env), name);
    return { path, content: SYSTEMD_MARK + text, present: readOwn(path, world) };
  });
}

/** The package's units start this very program, and there is nothing that they do not know. */
function isServedByPackage(world: InstallWorld): boolean {
  const options = unitOptions(world);
  if (options.socket !== undefined || Object.keys(options.environment ?? {}).length > 0) return false;
  const unit = serviceUnitOf(world);
  return unit?.text.split("\n").includes(startLine(world.executable)) === true;
}

function unitOptions({ env, paths }: InstallWorld): UnitOptions {
  const isElsewhere = (env["MAILKEY_HOME"] ?? "") !== "";
  return { environment: handedOn(env), ...(isElsewhere ? { socket: socketPath(paths) } : {}) };
}

function handedOn(env: Environment): Record<string, string> {
  const home = homeFolder(env);
  return Object.fromEntries(
    Object.entries(HANDED_ON).flatMap(([name, usual]) => {
      const value = env[name];
      return value === undefined || !isAbsolute(value) || value === join(home, usual) ? [] : [[name, value] as const];
    }),
  );
}

/** Not by XDG_CONFIG_HOME: it is the user's systemd that looks, and it was started before any shell. */
function userUnitFolder(env: Environment): string {
  return join(homeFolder(env), ".config/systemd/user");
}

function installLaunchd(world: InstallWorld): InstallPlan {
  const path = launchAgentPath(world);
  const content = launchAgentPlist(world.executable, handedOn(world.env), MARK);
  const isThere = readOwn(path, world) === content;
  const domain = `gui/${world.user}`;
  return {
    manager: "launchd",
    steps: [
      ...(isThere ? [] : [{ kind: "write", path, content } as const]),
      launchctl("bootout", `${domain}/${LAUNCH_LABEL}`),
      { kind: "run", words: ["launchctl", "bootstrap", domain, path] },
    ],
  };
}

function uninstallLaunchd(world: InstallWorld): InstallPlan {
  const path = launchAgentPath(world);
  if (readOwn(path, world) === undefined) return { manager: "launchd", steps: [] };
  return {
    manager: "launchd",
    steps: [launchctl("bootout", `gui/${world.user}/${LAUNCH_LABEL}`), { kind: "remove", path }],
  };
}

function launchAgentPath({ env }: InstallWorld): string {
  return join(homeFolder(env), "Library/LaunchAgents", `${LAUNCH_LABEL}.plist`);
}

/** @throws ERR_CONFIG when it is somebody else's */
function readOwn(path: string, { read }: InstallWorld): string | undefined {
  const present = read(path);
  if (present === undefined || present.includes(MARK)) return present;
  throw new MailkeyError("ERR_CONFIG", `${path} is not mailkey's own`, { hint: "move it away, then run this again" });
}

function systemctl(...words: string[]): Step & { readonly kind: "run" } {
  return { kind: "run", words: ["systemctl", "--user", ...words] };
}

function launchctl(...words: string[]): Step {
  return { kind: "run", words: ["launchctl", ...words], mayFail: true };
}
