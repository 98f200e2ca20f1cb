/** Waiting for what comes about by itself, without guessing how long that takes. */
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 15_000;
const POLL_MS = 10;

/**
 * @param look what is waited for: anything but undefined and false
 * @param context for the error's text
 * @throws Error when it does not come about
 */
export async function until<T>(look: () => T | undefined | false, context: () => string = () => ""): Promise<T> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await sleep(POLL_MS);
  }
  throw new Error(`it did not come about: ${look.toString()}\n${context()}`);
}
