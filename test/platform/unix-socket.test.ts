import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchange, type Exchange } from "../../src/platform/unix-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "mku-"));
const path = join(folder, "socket");
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Longer than any test. */
const FOR_EVER_MS = 1_000_000;

async function listen(hear: (socket: Socket) => void): Promise<void> {
  const listening = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => hear(socket));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(path, resolve));
}

const ask = (options: Partial<Exchange> = {}) =>
  exchange(path, "hello\n", { silenceMs: FOR_EVER_MS, maxBytes: 1000, onLine: () => true, ...options });

test("one who says more than they may is not listened to any longer", async () => {
  await listen((socket) => socket.write("x".repeat(1001)));
  expect(await ask()).toBe("silent");
});

test("each line that asks for patience is given as much as the first", async () => {
  await listen((socket) => {
    for (const [index, line] of ["wait", "wait", "wait", "done"].entries())
      setTimeout(() => socket.write(`${line}\n`), index * 600);
  });
  expect(await ask({ silenceMs: 1500, onLine: (line) => line === "done" })).toBe("done");
});

test("one who says nothing is given up, and so is a path where nobody listens", async () => {
  await listen(() => undefined);
  expect(await ask({ silenceMs: 20 })).toBe("silent");
  expect(await exchange(`${path}-not`, "", { silenceMs: FOR_EVER_MS, maxBytes: 1, onLine: () => true })).toBe("absent");
});

test("nobody waits beyond the signal, nor begins after it", async () => {
  const stop = new AbortController();
  await listen(() => stop.abort(new Error("interrupted")));
  const outcome = (signal: AbortSignal) => ask({ signal }).catch((error: unknown) => error);
  expect(await outcome(stop.signal)).toEqual(new Error("interrupted"));
  let heard = false;
  server?.on("connection", () => {
    heard = true;
  });
  expect(await outcome(stop.signal)).toEqual(new Error("interrupted"));
  expect(heard).toBe(false);
});
