/**
 * Reads what a person pastes, or what a script writes, while somebody signs in. It holds a live code: a terminal does not echo
 * it, so that it stays out of scrollback, recordings and screen shares.
 */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { Context } from "./context.ts";

/** Lines of one paste follow each other at once; a person's next line does not. */
const SAME_PASTE_MS = 80;
/** Longer than any address with a code in it. */
const MAX_INPUT_CHARACTERS = 64 * 1024;

export type ReadLine = (signal: AbortSignal, optional: boolean) => Promise<string | undefined>;

/**
 * At a terminal every call waits for a paste. Otherwise the first call gives the first line of standard input, and that only
 * when nothing but a paste can end the sign-in.
 */
export function pastedLineReader(context: Context, json: boolean): ReadLine {
  if (context.terminal.interactive && !json) return (signal) => readFromTerminal(context, signal);
  let isRead = false;
  return async (_signal, optional) => {
    if (optional || isRead) return undefined;
    isRead = true;
    return readFirstLine();
  };
}

function readFromTerminal(context: Context, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
    // `terminal: true` takes lines longer than the 4,095 characters that the kernel's line editor lets through.
    const reader = createInterface({ input: process.stdin, output: silence, terminal: true });
    const lines: string[] = [];
    let pause: ReturnType<typeof setTimeout> | undefined;
    const end = (settle: () => void) => {
      clearTimeout(pause);
      signal.removeEventListener("abort", onAbort);
      reader.removeAllListeners();
      reader.close();
      process.stdin.pause();
      settle();
    };
    const onAbort = () => {
      context.stderr("\n"); // off the line of the prompt
      end(() => reject(signal.reason as Error));
    };
    const finish = () => {
      const text = lines.join("\n");
      if (text.trim() !== "") context.stderr(`(${text.length} characters received)\n`);
      end(() => resolve(text));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    reader.on("line", (line) => {
      lines.push(line);
      clearTimeout(pause);
      pause = setTimeout(finish, SAME_PASTE_MS);
    });
    reader.on("SIGINT", () => process.kill(process.pid, "SIGINT")); // raw mode hands Ctrl-C to us
    reader.on("close", () => end(() => resolve(undefined)));
    if (signal.aborted) onAbort();
  });
}

async function readFirstLine(): Promise<string | undefined> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += String(chunk);
    const end = text.indexOf("\n");
    if (end !== -1) return text.slice(0, end);
    if (text.length > MAX_INPUT_CHARACTERS) return text;
  }
  return text === "" ? undefined : text;
}
