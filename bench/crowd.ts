/**
 * A part of a crowd of an agent's clients, in a process of its own. Every tenth asks; the others are silent, or stop in the middle of a
 * request. All connect when a line comes on standard input, or the silent ones before. Prints, for each that asked, how many
 * milliseconds after it began to connect its token was there.
 *
 *   bun bench/crowd.ts SOCKET REQUEST CLIENTS together|after
 */
import { setTimeout as sleep } from "node:timers/promises";
import { exchange } from "../src/platform/unix-socket.ts";

const [socket = "", request = "", clients = "100", when = "together"] = process.argv.slice(2);
const PATIENCE_MS = 10_000;
const SETTLING_MS = 1000;

function beSilent(words: string): void {
  void exchange(socket, words, { silenceMs: PATIENCE_MS, maxBytes: 1000, onLine: () => true });
}

async function ask(): Promise<number> {
  const start = performance.now();
  let reply = "";
  const onLine = (line: string) => {
    reply = line;
    return !line.includes('"wait"');
  };
  const end = await exchange(socket, `${request}\n`, { silenceMs: PATIENCE_MS, maxBytes: 1_000_000, onLine });
  if (end !== "done" || !reply.includes('"token"')) throw new Error(`${end}: ${reply.slice(0, 200)}`);
  return performance.now() - start;
}

const asks = (index: number) => index % 10 === 9;
const all = Array.from({ length: Number(clients) }, (_, index) => index);
const silent = (index: number) => beSilent(index % 2 === 0 ? "" : request.slice(0, 20));

if (when === "after") {
  for (const index of all) if (!asks(index)) silent(index);
  await sleep(SETTLING_MS);
}
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
const asking: Promise<number>[] = [];
for (const index of all) {
  if (asks(index)) asking.push(ask());
  else if (when === "together") silent(index);
}
process.stdout.write(`${JSON.stringify(await Promise.all(asking))}\n`);
process.exit(0);
