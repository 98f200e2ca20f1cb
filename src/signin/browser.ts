/**
 * Opens a web page in the user's browser, when there is one here. The browser is started detached and never waited for; what it
 * prints is discarded. URLs are fine as arguments: an authorization URL holds a challenge, not the verifier.
 */
import { spawn } from "node:child_process";
import { findExecutable } from "../platform/executables.ts";
import type { Environment } from "../platform/paths.ts";

/** The machine as far as browsers are concerned. */
export interface Desktop {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
}

/** A program and its arguments, the page's address among them. */
export type Launch = readonly [program: string, ...args: string[]];

export type BrowserFinding =
  | { readonly available: true; readonly launch: (url: string) => Launch }
  | { readonly available: false; readonly reason: string };

/** Finds how to open a page here, or says why it cannot be done. Starts nothing. */
export function findBrowser({ env, platform }: Desktop): BrowserFinding {
  const isWsl = platform === "linux" && (env["WSL_DISTRO_NAME"] ?? "") !== "";
  const hasDisplay =
    platform === "darwin" || platform === "win32" || isWsl || isSet(env["DISPLAY"]) || isSet(env["WAYLAND_DISPLAY"]);
  const isRemote = isSet(env["SSH_CONNECTION"]) || isSet(env["SSH_TTY"]);
  // X forwarding gives a remote session a display, and then a browser that runs on this machine after all.
  if (isRemote && (platform === "darwin" || platform === "win32" || isWsl || !hasDisplay))
    return { available: false, reason: "this is an SSH session" };
  const own = fromVariable(env);
  if (own !== undefined) return { available: true, launch: own };
  if (!hasDisplay) return { available: false, reason: "there is no graphical session here" };
  const candidates: readonly (readonly [string, ...string[]])[] =
    platform === "darwin"
      ? [["open"]]
      : platform === "win32"
        ? [["rundll32", "url.dll,FileProtocolHandler"]] // no shell in between: `&` in a URL stays a character
        : isWsl
          ? [["wslview"], ["rundll32.exe", "url.dll,FileProtocolHandler"]]
          : [["xdg-open"], ["gio", "open"], ["x-www-browser"], ["sensible-browser"]];
  const found = candidates.find(([program]) => platform === "win32" || findExecutable(program, env) !== undefined);
  if (found === undefined) return { available: false, reason: `${candidates[0]?.[0] ?? "a browser"} is not installed` };
  return { available: true, launch: (url) => [...found, url] };
}

/** Starts the browser and leaves it alone. @returns whether it could be started */
export function launchBrowser([program, ...args]: Launch, env: Environment): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { detached: true, stdio: "ignore", env: { ...env } });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

/**
 * `$BROWSER`: programs separated by colons, the first that is installed counts; `%s` stands for the address, which is appended
 * otherwise. Words are split at spaces and never given to a shell.
 */
function fromVariable(env: Environment): ((url: string) => Launch) | undefined {
  for (const entry of (env["BROWSER"] ?? "").split(":")) {
    const [program, ...args] = entry.trim().split(/\s+/);
    if (program === undefined || program === "" || findExecutable(program, env) === undefined) continue;
    return (url) =>
      args.some((word) => word.includes("%s"))
        ? [program, ...args.map((word) => word.replaceAll("%s", url))]
        : [program, ...args, url];
  }
  return undefined;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
