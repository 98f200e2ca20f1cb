/** The end of a session's time, or the caller's wish to stop: one signal, whose reason is the error to report. */
import { MailServerError } from "./mail-server-error.ts";

export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #callers: AbortSignal | undefined;
  readonly #onCallersAbort: () => void;

  constructor(timeoutMs: number, callers: AbortSignal | undefined) {
    this.#callers = callers;
    this.#onCallersAbort = () =>
      this.#controller.abort(new MailServerError("aborted", "interrupted", { cause: callers?.reason }));
    this.#timer = setTimeout(
      () => this.#controller.abort(new MailServerError("timeout", "the server did not answer in time")),
      timeoutMs,
    );
    callers?.addEventListener("abort", this.#onCallersAbort, { once: true });
    if (callers?.aborted === true) this.#onCallersAbort();
  }

  /** What ended it; undefined while there is time. */
  get failure(): MailServerError | undefined {
    return this.#controller.signal.aborted ? (this.#controller.signal.reason as MailServerError) : undefined;
  }

  /** Calls `listener` when it ends, or at once when it has. @returns what takes the listener away */
  onEnd(listener: (failure: MailServerError) => void): () => void {
    const { signal } = this.#controller;
    const onAbort = () => listener(signal.reason as MailServerError);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    return () => signal.removeEventListener("abort", onAbort);
  }

  /** Nothing more to wait for: lets go of the timer and of the caller's signal. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#callers?.removeEventListener("abort", this.#onCallersAbort);
  }
}
