/** What every command is handed: the world outside, replaceable in tests. */
import type { Clock } from "../platform/clock.ts";
import type { Environment, Paths } from "../platform/paths.ts";

export interface Context {
  readonly env: Environment;
  readonly paths: Paths;
  readonly clock: Clock;
  /** Aborted by Ctrl-C; long waits end on it. */
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
  /** Standard output: results only. Writes `text` as it is. */
  readonly stdout: (text: string) => void;
  /** All of standard input, or the last `maxBytes` of it as text; undefined when it is a terminal. What came before `signal` is all there is. */
  readonly readInput: (maxBytes: number) => Promise<string | undefined>;
  /** Standard error: progress, questions, errors. Writes `text` as it is. */
  readonly stderr: (text: string) => void;
  /** With `--verbose`: says on standard error what is being done. Never a secret. */
  readonly trace: (step: string) => void;
}

export interface Terminal {
  /** A person can answer: standard input and standard error are terminals. */
  readonly interactive: boolean;
  /** Colours are wanted on standard output: a terminal, no NO_COLOR, not TERM=dumb. */
  readonly colourOut: boolean;
  /** The same for standard error. */
  readonly colourErr: boolean;
  /** For running text: 80 where standard output is no terminal. */
  readonly columns: number;
  /** For tables: without an end where standard output is no terminal, so that what scripts read has all its columns. */
  readonly tableColumns: number;
  /** Lines of standard output; undefined where it is no terminal. */
  readonly rows: number | undefined;
}
