/** The real world as a command's context. */
import { MailkeyError } from "../errors.ts";
import { systemClock } from "../platform/clock.ts";
import { resolvePaths, type Environment } from "../platform/paths.ts";
import { readStdin, writeStderr, writeStdout } from "../platform/stdio.ts";
import type { Context, Terminal } from "./context.ts";

/** @throws ERR_CONFIG */
export function systemContext(env: Environment): Context {
  const signal = interruptSignal();
  return {
    env,
    paths: resolvePaths(env),
    clock: systemClock,
    signal,
    terminal: terminalOf(env),
    stdout: writeStdout,
    stderr: writeStderr,
    readInput: async (maxBytes) => (isTerminal(0) ? undefined : readStdin(maxBytes, signal)),
    trace: () => undefined,
  };
}

/** Looked at only when somebody asks: loading node:tty would cost every token 2 ms. */
function terminalOf(env: Environment): Terminal {
  const plain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return {
    get interactive() {
      return isTerminal(0) && isTerminal(2);
    },
    get colourOut() {
      return !plain && isTerminal(1);
    },
    get colourErr() {
      return !plain && isTerminal(2);
    },
    get columns() {
      const given = Number(env["COLUMNS"]);
      if (Number.isInteger(given) && given >= 20) return given;
      return isTerminal(1) ? process.stdout.columns : 80;
    },
    get tableColumns() {
      return isTerminal(1) ? this.columns : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return isTerminal(1) ? process.stdout.rows : undefined;
    },
  };
}

function isTerminal(descriptor: number): boolean {
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

/** Aborted by the first Ctrl-C or SIGTERM; the second one ends the process the usual way. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new MailkeyError("ERR_INTERRUPTED", "interrupted")));
  }
  return controller.signal;
}
