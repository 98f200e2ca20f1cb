/** Installing a service of this user's, started at login, and taking it back: shows each step. */
import { readFileSync } from "node:fs";
import { commandPath } from "../platform/command-path.ts";
import { findExecutable } from "../platform/executables.ts";
import { homeFolder } from "../platform/paths.ts";
import { run, type RunResult } from "../platform/process.ts";
import { shellLine } from "../platform/shell.ts";
import { carryOut, hasUserManager } from "../service/install/carry-out.ts";
import type { InstallPlan, InstallWorld, Step } from "../service/install/plan.ts";
import type { Context } from "./context.ts";

export interface InstallValues {
  readonly "dry-run"?: boolean | undefined;
}

export interface Installation {
  /** Where it listens while one that was started by hand does so too: systemd looks at that unit, others at none. */
  readonly unit: string;
  /** Has one stop that was started by hand: it has the place that the service manager is to have. */
  readonly stop: () => Promise<unknown>;
  /** Said at the end. */
  readonly installed: Readonly<Record<InstallPlan["manager"], string>>;
  /** Said when somebody has to type the rest. */
  readonly byHand: string;
}

/** @throws ERR_UNSUPPORTED, ERR_CONFIG, ERR_STORAGE, ERR_PROGRAM */
export async function install(
  context: Context,
  plan: InstallPlan,
  values: InstallValues,
  { unit, stop, installed, byHand }: Installation,
): Promise<void> {
  if (values["dry-run"] === true) return show(plan, context);
  if (await mayRunByHand(plan, unit, context)) await stop();
  const left = await apply(plan, context);
  context.stdout(left.length === 0 ? installed[plan.manager] : `${toBeTyped(left)}${byHand}`);
}

/** @throws as `install` */
export async function uninstall(context: Context, plan: InstallPlan, values: InstallValues): Promise<void> {
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

/** Where the service manager is not there, one that was started by hand may go on. */
async function mayRunByHand({ manager }: InstallPlan, unit: string, context: Context): Promise<boolean> {
  if (manager !== "systemd") return true;
  if (!(await hasUserManager({ run: (words) => runWords(words, context) }))) return false;
  return (await runWords(["systemctl", "--user", "is-active", "--quiet", unit], context)).status !== 0;
}

function runWords([program, ...args]: readonly [string, ...string[]], context: Context): Promise<RunResult> {
  return run(program, args, { env: context.env, signal: context.signal });
}

export function installWorld({ env, paths }: Context): InstallWorld {
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
