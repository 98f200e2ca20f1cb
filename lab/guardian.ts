/**
 * Nothing of a world outlives it. A guardian is a small shell process that holds the world's folder and, if there is one, its
 * mail server. It waits for the end of its standard input, which comes when `stop` closes it or when this process dies of
 * whatever cause, `kill -9` included; then it ends the mail server and removes the folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface Guardian {
  /** False once the mail server has ended, by itself or by `stop`. */
  readonly running: boolean;
  /** Ends the mail server, then removes the folder. Returns when both are done. */
  stop(): Promise<void>;
}

/**
 * `$1` is the folder, the rest the command, which gets a session of its own, so that one signal reaches all its processes.
 * SIGKILL, because Dovecot takes three seconds to end politely and nothing it holds is worth keeping. The signal is named with `-s`:
 * dash knows no `kill -KILL -- -GROUP`.
 */
const SCRIPT = `
trap '' HUP INT TERM
exec 3<&0
folder=$1
shift
if [ $# -gt 0 ]; then
  setsid "$@" </dev/null 3<&- &
  child=$!
  {
    read -r _ <&3
    kill -s KILL -- "-$child" || kill -s KILL "$child"
  } 2>/dev/null &
  watcher=$!
  wait "$child"
  kill -s KILL "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  # A killed process takes a moment to go. Not for ever: where nobody reaps orphans, as in some containers, they stay listed.
  tries=0
  while kill -s KILL -- "-$child" 2>/dev/null && [ $tries -lt 100 ]; do
    sleep 0.01
    tries=$((tries + 1))
  done
else
  read -r _ <&3
fi
# When everything dies at once, the mail server may still be writing for a moment.
tries=0
while [ -n "$folder" ] && [ -e "$folder" ] && [ $tries -lt 50 ]; do
  rm -rf "$folder" 2>/dev/null || sleep 0.1
  tries=$((tries + 1))
done
`;

export interface GuardianOptions {
  /** Removed in the end. */
  readonly folder?: string;
  /** A program that stays in the foreground, and its arguments. */
  readonly command?: readonly string[];
  /** Where its output is appended. */
  readonly outputFile?: string;
}

export function startGuardian({ folder = "", command = [], outputFile }: GuardianOptions): Guardian {
  const output = outputFile === undefined ? "ignore" : openSync(outputFile, "a");
  const child: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT, "mailkey-lab-guardian", folder, ...command], {
    stdio: ["pipe", output, output],
    detached: true, // Ctrl-C is for the parent, which then stops the world in good order
    env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  if (typeof output === "number") closeSync(output);
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  child.stdin?.on("error", () => undefined);
  return {
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    async stop() {
      child.stdin?.end();
      await ended;
    },
  };
}
