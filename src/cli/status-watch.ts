/**
 * `mailkey status --watch`: the same again whenever something has changed. On a terminal it is redrawn in its place, without control
 * sequences otherwise. Ctrl-C ends it, as it is meant to: with status 0.
 */
import { stripVTControlCharacters } from "node:util";
import { join } from "node:path";
import { watchFolders } from "../platform/watch.ts";
import type { Context, Terminal } from "./context.ts";
import { wrapText } from "./wrap.ts";

export interface View {
  /** Ends in a newline; a table comes first, up to an empty line. */
  readonly text: string;
  /** Differs when something has happened; `text` differs with every minute, too. */
  readonly mark: string;
}

/** Ages are shown in minutes. */
const AGE_MS = 30_000;

/**
 * @param form `lines`: one line for each change, on a terminal as well
 * @param look throws what `status` does, and that ends it
 */
export async function watchStatus(context: Context, form: "table" | "lines", look: () => Promise<View>): Promise<void> {
  const { paths, signal, terminal } = context;
  const isPainted = form === "table" && terminal.rows !== undefined;
  const show = isPainted ? painter(context) : appender(context, form === "table" ? "\n" : "");
  const wake = new Wake(signal);
  const folders = watchFolders([join(paths.state, "status"), join(paths.config, "accounts"), paths.config], wake.up);
  process.on("SIGWINCH", wake.up);
  try {
    while (!signal.aborted) {
      show(await look());
      await wake.wait(AGE_MS);
    }
    if (isPainted) context.stdout("\n"); // after the terminal's own "^C"
  } finally {
    process.off("SIGWINCH", wake.up);
    folders.close();
  }
}

/** Resolves at the first of a call of `up`, the signal, and a time. A call before the wait counts for it. */
class Wake {
  readonly #signal: AbortSignal;
  #isUp = false;
  #resolve: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.up, { once: true });
  }

  readonly up = (): void => {
    this.#isUp = true;
    this.#resolve();
  };

  async wait(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#isUp || this.#signal.aborted) return resolve();
      const timer = setTimeout(resolve, limitMs);
      this.#resolve = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#isUp = false;
  }
}

/** What happened, one after the other. */
function appender({ stdout }: Context, between: string): (view: View) => void {
  let shown: string | undefined;
  return ({ text, mark }) => {
    if (mark === shown) return;
    stdout(shown === undefined ? text : between + text);
    shown = mark;
  };
}

/** The present state, over the one before it: in one write, and without clearing first, so that nothing flickers. */
function painter({ stdout, terminal }: Context): (view: View) => void {
  let size = "";
  let height = 0;
  return ({ text }) => {
    const lines = fitted(text, terminal);
    const now = `${terminal.columns}x${terminal.rows}`;
    // The terminal has wrapped what stood there anew: where it begins is not known any more.
    const start = size === "" ? "" : size === now ? `\r\u001b[${height}A` : "\u001b[2J\u001b[H";
    stdout(`${start}${lines.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`);
    size = now;
    height = lines.length;
  };
}

/** As many lines as there is room for above the cursor's, none wider than the screen. */
function fitted(text: string, { columns, rows = Infinity }: Terminal): string[] {
  const all = text.trimEnd().split("\n");
  const tableEnd = all.includes("") ? all.indexOf("") : all.length;
  const lines = all
    .flatMap((line, index) => (index < tableEnd ? [line] : wrapText(line, columns).split("\n")))
    .map((line) => (widthOf(line) <= columns ? line : `${stripVTControlCharacters(line).slice(0, columns - 1)}…`));
  const room = rows - 1;
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more lines`];
}

function widthOf(line: string): number {
  return stripVTControlCharacters(line).length;
}
