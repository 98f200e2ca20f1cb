/**
 * An IMAP server in TLS that takes every token and does nothing at once: so quick, and so small, that what is measured is the proxy.
 * Prints its port. Ends when its standard input does.
 *
 *   bun bench/proxy/stub.ts CERTIFICATE KEY
 */
import { readFileSync } from "node:fs";
import { createServer, type TLSSocket } from "node:tls";

const [certificate = "", key = ""] = process.argv.slice(2);
const BACKLOG = 4096;
const CAPABILITIES = "IMAP4rev1 SASL-IR AUTH=XOAUTH2 IDLE";

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.write(`* OK [CAPABILITY ${CAPABILITIES}] ready\r\n`);
  let unread = "";
  socket.on("data", (bytes) => {
    const lines = (unread + bytes.toString("latin1")).split("\r\n");
    unread = lines.pop() ?? "";
    for (const line of lines) answer(socket, line);
  });
});
process.stdin.on("end", () => process.exit()).resume();
server.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.stdout.write(`${address.port}\n`);
});

function answer(socket: TLSSocket, line: string): void {
  const [tag = "", command = ""] = line.split(" ", 2);
  if (command === "CAPABILITY") socket.write(`* CAPABILITY ${CAPABILITIES}\r\n`);
  if (command === "LOGOUT") socket.end(`* BYE\r\n${tag} OK\r\n`);
  else socket.write(`${tag} OK ${command === "AUTHENTICATE" ? "[CAPABILITY IMAP4rev1 IDLE] " : ""}done\r\n`);
}
