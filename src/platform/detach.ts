/**
 * Starting a program that outlives this one: in a session of its own, in the root folder, with nothing of ours open.
 *
 * What this process itself was handed unasked must not go on: mbsync leaves its server socket open in its helpers, and a daemon that
 * inherits it keeps the connection alive for ever. Bun hands nothing on; Node does, and there every open descriptor becomes /dev/null.
 */
import { closeSync, openSync, readdirSync } from "node:fs";
import type { Environment } from "./paths.ts";

/** Nobody leaks into numbers beyond; a process that has more open is not going to be gone through. */
const HIGHEST_DESCRIPTOR = 255;
/** Where the system does not tell which are open. */
const USUAL_DESCRIPTORS = 16;

/**
 * Returns when it has been started; whether it does its work is another question.
 *
 * @returns what tells with which status it has ended: undefined while it has not, -1 when it was killed or is no program
 */
export async function startDetached(
  program: string,
  args: readonly string[],
  env: Environment,
): Promise<() => number | undefined> {
  const { spawn } = await import("node:child_process");
  const open = openDescriptors();
  const nothing = openSync("/dev/null", "r");
  try {
    const last = Math.max(2, ...open);
    const stdio = Array.from({ length: last + 1 }, (_, number) =>
      number > 2 && open.has(number) ? nothing : ("ignore" as const),
    );
    const child = spawn(program, [...args], { detached: true, stdio, env: { ...env }, cwd: "/" });
    let status: number | undefined;
    child.on("error", () => (status = -1));
    child.on("exit", (code) => (status = code ?? -1));
    child.unref();
    return () => status;
  } finally {
    closeSync(nothing);
  }
}

function openDescriptors(): ReadonlySet<number> {
  try {
    return new Set(
      readdirSync("/dev/fd")
        .map(Number)
        .filter((number) => number <= HIGHEST_DESCRIPTOR),
    );
  } catch {
    return new Set(Array.from({ length: USUAL_DESCRIPTORS }, (_, number) => number));
  }
}
