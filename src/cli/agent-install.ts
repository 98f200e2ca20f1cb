/** `mailkey agent install` and `uninstall`: the agent as a service of this user's, started at login. */
import { readFileSync } from "node:fs";
import { askAgent } from "../agent/client/ask-agent.ts";
import { carryOut, hasUserManager } from "../agent/install/carry-out.ts";
import { planInstall, planUninstall, type InstallPlan, type InstallWorld, type Step } from "../agent/install/plan.ts";
import { SOCKET_UNIT } from "../agent/install/systemd.ts";
import { commandPath } from "../platform/command-path.ts";
import { findExecutable } from "../platform/executables.ts";
import { homeFolder } from "../platform/paths.ts";
import { run, type RunResult } from "../platform/process.ts";
import { shellLine } from "../platform/shell.ts";
import type { Context } from "./context.ts";

export interface InstallValues {
  readonly "dry-run"?: boolean | undefined;
}

const INSTALLED: Record<InstallPlan["manager"], string> = {
  systemd: `The agent runs while you are logged in. For cron jobs without a login:
    loginctl enable-linger
See: mailkey agent status
`,
  launchd: "The agent runs while you are logged in.\nSee: mailkey agent status\n",
};

const BY_HAND = "\nUntil then, and where there is no systemd at all: mailkey agent start\n";

/** @throws ERR_UNSUPPORTED, ERR_CONFIG, ERR_STORAGE, ERR_PROGRAM */
export async function installAgent(context: Context, values: InstallValues): Promise<void> {
  const plan = planInstall(worldOf(context));
  if (values["dry-run"] === true) return show(plan, context);
  await stopOther(plan, context);
  const left = await apply(plan, context);
  context.stdout(left.length === 0 ? INSTALLED[plan.manager] : `${toBeTyped(left)}${BY_HAND}`);
}

/** @throws as `installAgent` */
export async function uninstallAgent(context: Context, values: InstallValues): Promise<void> {
  const plan = planUninstall(worldOf(context));
  if (values["dry-run"] === true) return show(plan, context);
  if (plan.steps.length === 0) return context.stdout("There is nothing to remove.\n");
  const left = await apply(plan, context);
  if (left.length > 0) context.stdout(toBeTyped(left));
}

async function apply(plan: InstallPlan, context: Context): Promise<readonly string[]> {
  const onDone = (step: Step) => context.stdout(`${stepText(step, context)}\n`);
  return carryOut(plan, { run: (words) => runWords(words, context), onDone });
}

function show({ steps }: InstallPlan, context: Context): void {
  for (const step of steps) {
    context.stdout(`would: ${stepText(step, context)}\n`);
    if (step.kind === "write") context.stdout(`${step.content.replace(/^(?=.)/gm, "    ")}\n`);
  }
  if (steps.length === 0) context.stdout("There is nothing to do.\n");
}

function stepText(step: Step, { env }: Context): string {
  if (step.kind === "run") return shellLine(step.words);
  const home = `${homeFolder(env)}/`;
  const path = step.path.startsWith(home) ? `~/${step.path.slice(home.length)}` : step.path;
  return `${step.kind} ${path}`;
}

function toBeTyped(commands: readonly string[]): string {
  return `
No systemd of yours runs here (su, sudo, a container). Log in as yourself and
type:

${commands.map((command) => `    ${command}\n`).join("")}`;
}

/** One that was started by hand has the socket that the service manager is to have. Where that is not there, it may go on. */
async function stopOther({ manager }: InstallPlan, context: Context): Promise<void> {
  if (manager === "systemd" && !(await hasUserManager({ run: (words) => runWords(words, context) }))) return;
  const isActive = ["systemctl", "--user", "is-active", "--quiet", SOCKET_UNIT] as const;
  if (manager === "systemd" && (await runWords(isActive, context)).status === 0) return;
  await askAgent(context.paths, { do: "stop" });
}

function runWords([program, ...args]: readonly [string, ...string[]], context: Context): Promise<RunResult> {
  return run(program, args, { env: context.env, signal: context.signal });
}

function worldOf({ env, paths }: Context): InstallWorld {
  return {
    platform: process.platform,
    env,
    paths,
    user: process.getuid?.() ?? 0,
    executable: commandPath(env),
    read: contentOf,
    has: (program) => findExecutable(program, env) !== undefined,
  };
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
