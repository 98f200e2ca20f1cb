/** Time limits by the real clock: what hangs does so in real time, whatever the machine's clock is set to. */

/** What `task` gives, unless it takes longer; then `late` makes the error. The task itself goes on, unheard. */
export async function withLimit<T>(task: Promise<T>, limitMs: number, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([task, limit]);
  } finally {
    clearTimeout(timer);
  }
}
