/** A network between the proxy and the mail servers that fails in every way a network can. What passes is TLS, of which it knows nothing. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../fuzz/random.ts";

export interface Gate {
  readonly port: number;
  stop(): Promise<void>;
}

/** What becomes of a connection. */
const FATES = ["passes", "passes", "reset", "reset both", "server ends", "stalls", "never answers"] as const;
/** A login takes some 4 kB, a session of fetching some 100. */
const BYTES_UNTIL_FATE = 60_000;
const STALL_MS = 3000;

/** @param target of 127.0.0.1 */
export async function openGate(target: number, random: Random): Promise<Gate> {
  const sockets = new Set<Socket>();
  const remember = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  const gate = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    remember(near);
    const fate = random.pick(FATES);
    if (fate === "never answers") {
      near.resume();
      near.on("end", () => near.end());
      setTimeout(() => near.resetAndDestroy(), STALL_MS).unref();
      return;
    }
    const far = remember(connect({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }));
    near.pipe(far);
    far.pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    if (fate === "passes") return;
    let left = random.below(BYTES_UNTIL_FATE);
    const count = (bytes: Buffer) => {
      left -= bytes.length;
      if (left > 0) return;
      far.off("data", count);
      void meet(fate, near, far);
    };
    far.on("data", count);
  });
  gate.listen(0, "127.0.0.1");
  await once(gate, "listening");
  return {
    port: (gate.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => gate.close(resolve));
    },
  };
}

async function meet(fate: (typeof FATES)[number], near: Socket, far: Socket): Promise<void> {
  if (fate === "reset") near.resetAndDestroy();
  if (fate === "server ends") near.end();
  if (fate === "reset both") {
    near.resetAndDestroy();
    far.resetAndDestroy();
  }
  if (fate !== "stalls") return;
  far.unpipe(near);
  await sleep(STALL_MS);
  far.pipe(near);
}
