/** What is going on, in one line on standard error: rewritten in place at a terminal, said once elsewhere. */
import type { Context } from "./context.ts";

export interface ProgressLine {
  show(text: string): void;
  /** Takes the line away, so that results stand alone. */
  clear(): void;
}

/** Back to the first column, and erase to the end of the line. @see ECMA-48, CR and EL */
const REWRITE = "\r\u001b[K";

export function progressLine({ terminal, stderr, env }: Context): ProgressLine {
  if (terminal.interactive && env["TERM"] !== "dumb") {
    return {
      // One column less than there are: a full line would wrap, and only its last part be rewritten.
      show: (text) => stderr(REWRITE + text.slice(0, terminal.columns - 1)),
      clear: () => stderr(REWRITE),
    };
  }
  let said = false;
  return {
    show(text) {
      if (!said) stderr(`${text}\n`);
      said = true;
    },
    clear: () => undefined,
  };
}
