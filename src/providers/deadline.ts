/** A bound on the waiting for one question to the network. */

/**
 * Runs `work` with a signal that ends after `ms` milliseconds or with `outer`, and does not wait for it beyond that,
 * whether it heeds the signal or not.
 *
 * @throws Error "no answer within … ms"; `outer`'s reason when that ended
 */
export async function withinMs<T>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: Error) => {
    controller.abort(reason);
    reject(reason);
  };
  const onOuter = () => end(outer?.reason as Error);
  const timer = setTimeout(() => end(new Error(`no answer within ${ms} ms`)), ms);
  outer?.addEventListener("abort", onOuter, { once: true });
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", onOuter);
  }
}
