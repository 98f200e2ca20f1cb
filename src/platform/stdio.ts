/**
 * Synchronous writes to standard output and error. `process.stdout` is left alone on purpose: it costs a bare executable
 * 7 ms, and `console.log` reports success on a full disk.
 */
import { writeSync } from "node:fs";
import { MailkeyError, systemErrorCode } from "../errors.ts";

/** Writes all of `content` to standard output. @throws ERR_STORAGE when the other end is full or gone */
export function writeStdout(content: string | Uint8Array): void {
  try {
    writeAll(1, typeof content === "string" ? new TextEncoder().encode(content) : content);
  } catch (error) {
    const code = systemErrorCode(error);
    const reason =
      code === "ENOSPC"
        ? "no space left on the device"
        : code === "EPIPE"
          ? "the reader has gone"
          : (code ?? "unexpected error");
    throw new MailkeyError("ERR_STORAGE", `cannot write to standard output: ${reason}`, { cause: error });
  }
}

/** Writes to standard error; there is nobody to tell when that fails. */
export function writeStderr(text: string): void {
  try {
    writeAll(2, new TextEncoder().encode(text));
  } catch {
    // nobody to tell
  }
}

/**
 * Standard input as UTF-8, to its end or to `signal`: the last `maxBytes` of it.
 *
 * @throws the signal's reason when nothing had come by then
 */
export async function readStdin(maxBytes: number, signal: AbortSignal): Promise<string> {
  const { stdin } = process; // a getter: the stream is made at the first look
  const stop = () => stdin.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let kept = Buffer.alloc(0);
  try {
    for await (const chunk of stdin) {
      kept = Buffer.concat([kept, chunk as Buffer]).subarray(-maxBytes);
    }
  } catch (error) {
    if (!signal.aborted) throw new MailkeyError("ERR_STORAGE", "cannot read standard input", { cause: error });
  } finally {
    signal.removeEventListener("abort", stop);
  }
  if (kept.length === 0) signal.throwIfAborted();
  return kept.toString("utf8");
}

/** All of standard input. @throws the system's error */
export async function readStdinBytes(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      // A non-blocking pipe that is full for the moment: yield a millisecond to its reader.
      if (systemErrorCode(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
