/**
 * The desktop's way to show a message, as a command line: notify-send, or osascript on macOS. Finds it and renders; starts nothing but
 * notify-send's help.
 *
 * What is shown is foreign text: it goes in as arguments of its own, behind `--`, and escaped for whoever interprets it next.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "../../platform/executables.ts";
import type { Environment } from "../../platform/paths.ts";
import { run } from "../../platform/process.ts";

export interface Message {
  readonly title: string;
  readonly body: string;
  /** Stays until somebody has seen to it. */
  readonly isUrgent: boolean;
  /** What a click is called; undefined when there is nothing to click. */
  readonly action: string | undefined;
}

export interface Notifier {
  readonly program: string;
  /** It can wait for a click, and prints one of `CLICKED` then. */
  readonly canAct: boolean;
  readonly args: (message: Message) => string[];
}

/** `default` is what a click on the message itself is called, where the desktop has such. */
export const CLICKED: ReadonlySet<string> = new Set(["default", "login"]);

const HELP_LIMIT_MS = 5000;

/** @returns the reason when messages cannot be shown here */
export async function findNotifier(env: Environment, platform: NodeJS.Platform): Promise<Notifier | string> {
  if (platform === "darwin") return appleScript(env);
  if (platform === "win32") return "there are no notifications on this system";
  if (!hasSessionBus(env)) return "there is no session bus";
  const program = findExecutable("notify-send", env);
  if (program === undefined) return "notify-send is not installed";
  const { stdout } = await run(program, ["--help"], { env, timeoutMs: HELP_LIMIT_MS });
  const canAct = new TextDecoder().decode(stdout).includes("--action"); // since libnotify 0.8
  return { program, canAct, args: (message) => notifySendArgs(message, canAct) };
}

/** Asked before, since the library would start a bus of its own, which nobody listens at. */
function hasSessionBus(env: Environment): boolean {
  if ((env["DBUS_SESSION_BUS_ADDRESS"] ?? "") !== "") return true;
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  return runtime !== "" && existsSync(join(runtime, "bus"));
}

function notifySendArgs({ title, body, isUrgent, action }: Message, canAct: boolean): string[] {
  return [
    "--app-name=mailkey",
    "--icon=dialog-password",
    "--category=email",
    `--urgency=${isUrgent ? "critical" : "normal"}`,
    ...(canAct && action !== undefined ? [`--action=default=${action}`, `--action=login=${action}`] : []),
    "--",
    title,
    escapeBody(body),
  ];
}

/**
 * The body is a C string to notify-send, which expands backslashes, and then a little HTML to the desktop.
 * @see https://specifications.freedesktop.org/notification-spec/latest/markup.html
 */
function escapeBody(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\\", "\\\\");
}

function appleScript(env: Environment): Notifier | string {
  const program = findExecutable("osascript", env);
  if (program === undefined) return "osascript is not installed";
  const script = ["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"];
  return {
    program,
    canAct: false, // a click opens the Script Editor
    args: ({ title, body }) => [...script.flatMap((line) => ["-e", line]), title, body],
  };
}
