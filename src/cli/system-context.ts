/** The real world as a command's context. */
import { isatty } from "node:tty";
import { MailkeyError } from "../errors.ts";
import { systemClock } from "../platform/clock.ts";
import { resolvePaths, type Environment } from "../platform/paths.ts";
import { writeStderr, writeStdout } from "../platform/stdio.ts";
import type { Context, Terminal } from "./context.ts";

/** @throws ERR_CONFIG */
export function systemContext(env: Environment): Context {
  return {
    env,
    paths: resolvePaths(env),
    clock: systemClock,
    signal: interruptSignal(),
    terminal: terminalOf(env),
    stdout: writeStdout,
    stderr: writeStderr,
    trace: () => undefined,
  };
}

function terminalOf(env: Environment): Terminal {
  const plain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return {
    interactive: isatty(0) && isatty(2),
    colourOut: !plain && isatty(1),
    colourErr: !plain && isatty(2),
    columns: columnsOf(env),
  };
}

function columnsOf(env: Environment): number {
  const given = Number(env["COLUMNS"]);
  if (Number.isInteger(given) && given >= 20) return given;
  return isatty(1) ? process.stdout.columns : 80;
}

/** Aborted by the first Ctrl-C or SIGTERM; the second one ends the process the usual way. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new MailkeyError("ERR_INTERRUPTED", "interrupted")));
  }
  return controller.signal;
}
