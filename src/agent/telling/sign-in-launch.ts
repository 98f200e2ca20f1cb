/**
 * How a click opens the sign-in: `mailkey login ADDRESS` by itself where all of it happens in the browser, in a terminal's window where a
 * code has to be shown or an answer typed. Starts nothing.
 */
import { loadAccount, type ResolvedAccount } from "../../accounts/resolve.ts";
import { isMailkeyError } from "../../errors.ts";
import { findExecutable } from "../../platform/executables.ts";
import type { Environment, Paths } from "../../platform/paths.ts";
import { findBrowser } from "../../signin/browser.ts";
import { chooseFlow } from "../../signin/choose.ts";
import { redirectKind } from "../../signin/redirect.ts";
import { loadVaultSettings } from "../../vault/settings.ts";

export interface LaunchPorts {
  readonly paths: Paths;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** This program's absolute path. */
  readonly mailkey: string;
}

/** A program and its arguments. */
export type Launch = readonly [program: string, ...args: string[]];

/** Terminals by what precedes the command in their arguments; the user's or the distribution's choice comes first. */
const TERMINALS: readonly Launch[] = [
  ["xdg-terminal-exec"],
  ["x-terminal-emulator", "-e"],
  ["gnome-terminal", "--"],
  ["konsole", "-e"],
  ["xfce4-terminal", "-x"],
  ["kitty"],
  ["foot"],
  ["alacritty", "-e"],
  ["xterm", "-e"],
];

/** Keeps the window open until what it says has been read. The command comes as arguments: the shell sees nothing of it. */
const IN_WINDOW = '"$@"; printf "\\nPress Enter to close this window. "; read -r _';

/** @returns undefined where a click could open nothing */
export async function signInLaunch(address: string, ports: LaunchPorts): Promise<Launch | undefined> {
  const { env, mailkey } = ports;
  const login: Launch = [mailkey, "login", address];
  if (await worksWithoutTerminal(address, ports)) return login;
  if (ports.platform !== "linux" || !hasDisplay(env)) return undefined;
  const terminal = TERMINALS.find(([program]) => findExecutable(program, env) !== undefined);
  return terminal === undefined ? undefined : [...terminal, "/bin/sh", "-c", IN_WINDOW, "mailkey", ...login];
}

function hasDisplay(env: Environment): boolean {
  return [env["DISPLAY"], env["WAYLAND_DISPLAY"]].some((value) => value !== undefined && value !== "");
}

async function worksWithoutTerminal(address: string, { paths, env, platform }: LaunchPorts): Promise<boolean> {
  try {
    const account = await loadAccount(paths, address);
    const vault = loadVaultSettings(paths);
    const asks = vault?.active === "age" && vault.age?.passphrase === "prompt";
    return !asks && account.grant === "sign_in" && isInBrowser(account, findBrowser({ env, platform }).available);
  } catch (error) {
    if (isMailkeyError(error)) return false; // in a window the command will say what is wrong
    throw error;
  }
}

/**
 * Whether all of it happens in the browser. Behind an https redirect the browser warns of a certificate that it does not know: what then
 * has to be pasted needs a terminal.
 *
 * @throws ERR_UNSUPPORTED
 */
function isInBrowser({ client, provider: { endpoints } }: ResolvedAccount, browser: boolean): boolean {
  const choice = chooseFlow({
    clientName: client.name,
    redirectUris: client.redirectUris,
    deviceFlow: client.deviceFlow,
    hasAuthorizationEndpoint: endpoints.authorization !== undefined,
    hasDeviceEndpoint: endpoints.device !== undefined,
    browser,
  });
  return choice.flow === "loopback" && redirectKind(choice.redirectUri) === "http";
}
