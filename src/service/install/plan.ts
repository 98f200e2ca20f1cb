/**
 * What has to be written and run for a service of ours to be started with every login, and to be taken back. A plan changes nothing:
 * `carry-out.ts` does that, and shows what it would do.
 */
import { isAbsolute, join } from "node:path";
import { MailkeyError } from "../../errors.ts";
import { homeFolder, type Environment, type Paths } from "../../platform/paths.ts";
import { launchAgentPlist } from "./launchd.ts";
import { startLine, type Unit } from "./systemd.ts";

/** What is installed. */
export interface UserService {
  /** `agent`, `proxy`: what mailkey is told to run. */
  readonly name: string;
  /** Its own units: the last is the service's, the others are sockets of its. @throws ERR_CONFIG */
  readonly units: (executable: string, environment: Readonly<Record<string, string>>) => readonly Unit[];
  /** The names of all that it may have had with other settings. */
  readonly otherUnits: readonly string[];
  /** Whether it is what packages ship, but for the environment. */
  readonly isUsual: boolean;
  /** What to do where nobody starts services for users. */
  readonly without: string;
}

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
export function markOf(name: string): string {
  return `mailkey ${name} install wrote this, and mailkey ${name} uninstall removes it.`;
}

export function serviceUnitName(name: string): string {
  return `mailkey-${name}.service`;
}

export function launchLabel(name: string): string {
  return `mailkey.${name}`;
}

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
export function planInstall(world: InstallWorld, service: UserService): InstallPlan {
  return managerOf(world, service) === "systemd" ? installSystemd(world, service) : installLaunchd(world, service);
}

/** @throws as `planInstall` */
export function planUninstall(world: InstallWorld, service: UserService): InstallPlan {
  return managerOf(world, service) === "systemd" ? uninstallSystemd(world, service) : uninstallLaunchd(world, service);
}

/** The service unit that counts for this user, and where; undefined when there is none, or no systemd. */
export function serviceUnitOf(
  { env, read }: Pick<InstallWorld, "env" | "read">,
  name: string,
): { path: string; text: string } | undefined {
  for (const folder of [userUnitFolder(env), ...SYSTEM_UNIT_FOLDERS]) {
    const path = join(folder, serviceUnitName(name));
    const text = read(path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

function managerOf({ platform, has }: InstallWorld, { name, without }: UserService): Manager {
  if (platform === "linux" && has("systemctl")) return "systemd";
  if (platform === "darwin") return "launchd";
  throw new MailkeyError("ERR_UNSUPPORTED", `there is neither systemd nor launchd here to start the ${name} at login`, {
    hint: without,
  });
}

function installSystemd(world: InstallWorld, service: UserService): InstallPlan {
  const own = ownUnits(world, service);
  const stale = presentUnits(world, service).filter(({ name }) => !own.some((unit) => unit.name === name));
  const isPackaged = own.every(({ present }) => present === undefined) && isServedByPackage(world, service);
  const writes: Step[] = isPackaged
    ? []
    : own.flatMap(({ path, content, present }) => (present === content ? [] : [{ kind: "write", path, content }]));
  const changes = [...takenBack(stale), ...writes];
  // One that runs already goes on with what it was started with, unless it is told.
  const restart = [systemctl("daemon-reload"), systemctl("try-restart", serviceUnitName(service.name))];
  const enable = systemctl("enable", "--now", ...own.map(({ name }) => name));
  return { manager: "systemd", steps: [...changes, ...(changes.length === 0 ? [] : restart), enable] };
}

function uninstallSystemd(world: InstallWorld, service: UserService): InstallPlan {
  const names = service.units(world.executable, {}).map(({ name }) => name);
  const own = presentUnits(world, service);
  if (own.length > 0) return { manager: "systemd", steps: [...takenBack(own), systemctl("daemon-reload")] };
  if (serviceUnitOf(world, service.name) === undefined) return { manager: "systemd", steps: [] };
  return { manager: "systemd", steps: [{ ...systemctl("disable", "--now", ...names.toReversed()), mayFail: true }] };
}

interface PresentUnit {
  readonly name: string;
  readonly path: string;
}

/** Those of ours that were written. @throws ERR_CONFIG */
function presentUnits(world: InstallWorld, { name, otherUnits }: UserService): PresentUnit[] {
  return otherUnits
    .map((unit) => ({ name: unit, path: join(userUnitFolder(world.env), unit) }))
    .filter(({ path }) => readOwn(path, world, markOf(name)) !== undefined);
}

function takenBack(units: readonly PresentUnit[]): Step[] {
  if (units.length === 0) return [];
  const names = units.map(({ name }) => name).toReversed();
  const removals = units.map(({ path }): Step => ({ kind: "remove", path }));
  return [{ ...systemctl("disable", "--now", ...names), mayFail: true }, ...removals];
}

interface OwnUnit {
  readonly name: string;
  readonly path: string;
  readonly content: string;
  readonly present: string | undefined;
}

function ownUnits(world: InstallWorld, service: UserService): OwnUnit[] {
  const mark = markOf(service.name);
  const head = `# ${mark}\n# Your own settings: systemctl --user edit ${serviceUnitName(service.name)}\n\n`;
  return service.units(world.executable, handedOn(world.env)).map(({ name, text }: Unit) => {
    const path = join(userUnitFolder(world.env), name);
    return { name, path, content: head + text, present: readOwn(path, world, mark) };
  });
}

/** The package's units start this very program, and there is nothing that they do not know. */
function isServedByPackage(world: InstallWorld, { name, isUsual }: UserService): boolean {
  if (!isUsual || Object.keys(handedOn(world.env)).length > 0) return false;
  const unit = serviceUnitOf(world, name);
  return unit?.text.split("\n").includes(startLine(world.executable, name)) === true;
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

function installLaunchd(world: InstallWorld, { name }: UserService): InstallPlan {
  const path = launchAgentPath(world, name);
  const mark = markOf(name);
  const label = launchLabel(name);
  const content = launchAgentPlist({
    label,
    words: [world.executable, name, "run"],
    environment: handedOn(world.env),
    comment: mark,
  });
  const isThere = readOwn(path, world, mark) === content;
  const domain = `gui/${world.user}`;
  return {
    manager: "launchd",
    steps: [
      ...(isThere ? [] : [{ kind: "write", path, content } as const]),
      launchctl("bootout", `${domain}/${label}`),
      { kind: "run", words: ["launchctl", "bootstrap", domain, path] },
    ],
  };
}

function uninstallLaunchd(world: InstallWorld, { name }: UserService): InstallPlan {
  const path = launchAgentPath(world, name);
  if (readOwn(path, world, markOf(name)) === undefined) return { manager: "launchd", steps: [] };
  return {
    manager: "launchd",
    steps: [launchctl("bootout", `gui/${world.user}/${launchLabel(name)}`), { kind: "remove", path }],
  };
}

function launchAgentPath({ env }: InstallWorld, name: string): string {
  return join(homeFolder(env), "Library/LaunchAgents", `${launchLabel(name)}.plist`);
}

/** @throws ERR_CONFIG when it is somebody else's */
function readOwn(path: string, { read }: InstallWorld, mark: string): string | undefined {
  const present = read(path);
  if (present === undefined || present.includes(mark)) return present;
  throw new MailkeyError("ERR_CONFIG", `${path} is not mailkey's own`, { hint: "move it away, then run this again" });
}

function systemctl(...words: string[]): Step & { readonly kind: "run" } {
  return { kind: "run", words: ["systemctl", "--user", ...words] };
}

function launchctl(...words: string[]): Step {
  return { kind: "run", words: ["launchctl", ...words], mayFail: true };
}
