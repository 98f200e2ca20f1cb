/** Where the person sits: what pinentry and the keyring need of an environment to show themselves there. */
import { isAbsolute } from "node:path";
import type { Environment } from "../../platform/paths.ts";

/** A place to ask on. They go together: a person at a terminal must not be asked on the display of another desk. */
const PLACE = ["GPG_TTY", "TERM", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"] as const;
/** Where the keyring is. A terminal without it leaves the agent its own. */
const BUS = "DBUS_SESSION_BUS_ADDRESS";

/** What a client sends along when it unlocks. */
export const SESSION_VARIABLES = [...PLACE, BUS] as const;

/** `own` with the place of the client. */
export function withSession(own: Environment, client: Environment): Environment {
  const place = PLACE.map((name) => [name, client[name]] as const);
  return { ...own, ...Object.fromEntries(place), [BUS]: client[BUS] ?? own[BUS] };
}

/** A client without it has no terminal, only a desktop. */
export function isAtTerminal(client: Environment | undefined): boolean {
  return isAbsolute(client?.["GPG_TTY"] ?? "");
}

/** Whether a person can be asked there. On macOS and Windows there is always a desktop, or none to tell of. */
export function canAskIn(env: Environment, platform: string = process.platform): boolean {
  if (platform === "darwin" || platform === "win32") return true;
  const { GPG_TTY: terminal = "", DISPLAY: display = "", WAYLAND_DISPLAY: wayland = "" } = env;
  return isAbsolute(terminal) || display !== "" || wayland !== "";
}
