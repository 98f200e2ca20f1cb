/**
 * Clients of an agent, in a process of their own: connections that ask again as soon as they are answered. Prints how many answers
 * came and in how many seconds.
 *
 *   bun bench/load.ts SOCKET REQUEST CONNECTIONS SECONDS
 */
import { setTimeout as sleep } from "node:timers/promises";

const [socket = "", request = "", connections = "1", seconds = "1"] = process.argv.slice(2);
const NEWLINE = 10;
let answers = 0;

const start = performance.now();
for (let index = 0; index < Number(connections); index++) {
  await Bun.connect({
    unix: socket,
    socket: {
      open: (client) => void client.write(`${request}\n`),
      data(client, bytes) {
        if (bytes.at(-1) !== NEWLINE) return; // in the middle of an answer
        answers += 1;
        client.write(`${request}\n`);
      },
    },
  });
}
await sleep(Number(seconds) * 1000);
process.stdout.write(JSON.stringify({ answers, seconds: (performance.now() - start) / 1000 }));
process.exit(0);
