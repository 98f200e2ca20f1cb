/** Sending away whoever cannot be served, with a word where that takes no handshake. */
import type { Socket } from "node:net";
import { isTlsFirst, protocolOf, type ProxyService } from "../../accounts/proxy-config.ts";
import type { MailProtocol } from "../../mail/report.ts";
import { systemClock } from "../../platform/clock.ts";
import type { Environment } from "../../platform/paths.ts";
import type { Farewell, Speech } from "../front/front.ts";
import { Listeners } from "./listeners.ts";
import { frontOptions } from "./session.ts";

type Speeches = Readonly<Record<MailProtocol, Speech>>;

/** As often as systemd starts what has failed. */
const PAUSE_MS = 2000;
/** It only speaks. */
const NO_LINE = 0;

export function turnAway(socket: Socket, service: ProxyService, reason: Farewell, speeches: Speeches): void {
  socket.on("error", () => undefined);
  if (isTlsFirst(service)) return void socket.destroy();
  const front = speeches[protocolOf(service)].front(frontOptions("absent", NO_LINE));
  socket.end(front.farewell(reason), "latin1", () => socket.destroy());
}

/**
 * For a proxy that cannot start, at systemd's sockets: whoever waited there would have it started again as soon as it had ended, and again. They are
 * told, for as long as systemd would have waited.
 *
 * @param signal ends it early
 */
export async function turnAwayWaiting(env: Environment, speeches: Speeches, signal: AbortSignal): Promise<void> {
  const listeners = new Listeners((socket, { service }) => turnAway(socket, service, "stopping", speeches), env);
  const handedOver = { addresses: [], remote: true, ports: NONE };
  await listeners.set(handedOver, false).catch(() => undefined); // that may be why
  await systemClock.sleep(PAUSE_MS, signal).catch(() => undefined);
  listeners.close();
}

const NONE = { imap: undefined, imaps: undefined, pop: undefined, pops: undefined, smtp: undefined, smtps: undefined };
