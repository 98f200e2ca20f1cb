/** TLS on a client's connection: from its first byte on, or after STARTTLS. */
import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import { within } from "../../platform/limit.ts";
import type { Turns } from "../../platform/turns.ts";

/** What a turn lasts at most. Who is slower computes nothing meanwhile, and the session's own limit ends it. */
const TURN_MS = 1000;

/**
 * Takes turns: handshakes are all computing, and sessions that are on must not wait for a crowd. Who has not begun yet has no turn, or the silent
 * would keep out the others.
 *
 * @param raw with no listeners for data
 * @returns undefined when it comes to nothing: the connection is closed, or soon will be
 */
export async function secureClient(raw: Socket, context: SecureContext, turns: Turns): Promise<TLSSocket | undefined> {
  if (!(await hasBegun(raw))) return undefined;
  let outcome: Promise<TLSSocket | undefined> = Promise.resolve(undefined);
  await turns.take(async () => {
    if (raw.destroyed) return;
    outcome = shakeHands(raw, context);
    await within(TURN_MS, outcome);
  });
  return outcome;
}

function hasBegun(raw: Socket): Promise<boolean> {
  if (raw.destroyed) return Promise.resolve(false);
  if (raw.readableLength > 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of ["readable", "close"]) raw.off(event, settle);
      resolve(raw.readableLength > 0);
    };
    for (const event of ["readable", "close"]) raw.on(event, settle);
  });
}

/** Until it is done, or the client has hung up: before its turn, or since. */
function shakeHands(raw: Socket, context: SecureContext): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
    const look = () => void socket.read(0); // only who reads is told of the end
    const hangUp = () => socket.destroy();
    raw.once("end", hangUp);
    socket.on("readable", look).once("end", hangUp);
    socket.on("error", () => undefined); // `close` follows
    socket.once("secure", () => {
      raw.off("end", hangUp);
      socket.off("readable", look).off("end", hangUp);
      resolve(socket);
    });
    socket.once("close", () => resolve(undefined));
  });
}
