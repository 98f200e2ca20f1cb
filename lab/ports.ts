/** Free ports for servers that have to be told theirs. */
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";

/** Below the range from which systems take ports by themselves, so that nobody else is given one meanwhile. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const POLL_MS = 15;
/** A loaded machine takes a second or two to start a server. */
const PATIENCE_MS = 30_000;

/** @returns `count` different ports that nobody listens on at the moment */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

/** Waits until something listens on `port`. @returns false when it will not happen, or has not for half a minute */
export async function waitForPort(port: number, isAlive: () => boolean): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (isAlive() && performance.now() < end) {
    if (await answers(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
