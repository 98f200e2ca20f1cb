/**
 * How many connections may wait to be accepted. Who comes when the queue is full is told that nobody listens, and a whole crowd of
 * programs comes at once when cron or a woken machine starts them.
 */
import type { Server } from "node:net";
import type { Libc } from "./libc.ts";

/** What Linux allows unless told otherwise (net.core.somaxconn). */
export const MAX_WAITING = 4096;

/** Bun asks for 512, whatever it is told: it is asked again, past Bun. */
export function widenQueue(libc: Libc | undefined, server: Server): void {
  // oxlint-disable-next-line no-underscore-dangle -- neither runtime shows the descriptor under another name
  const descriptor = (server as { _handle?: { fd?: number } | null })._handle?.fd;
  if (descriptor !== undefined && descriptor >= 0) libc?.listen(descriptor, MAX_WAITING);
}
