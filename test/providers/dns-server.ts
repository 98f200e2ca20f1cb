/** A DNS server on loopback that answers MX questions from a table: the other side of `createResolveMx`. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

export type Zone = Readonly<Record<string, readonly (readonly [priority: number, exchange: string])[] | "silence">>;

export interface DnsServer extends AsyncDisposable {
  /** `127.0.0.1:port`, as `Resolver.setServers` takes it. */
  readonly address: string;
  /** The names that were asked for. */
  readonly asked: readonly string[];
}

/** Names that the zone lacks do not exist; a name with an empty list has no MX; `silence` is never answered. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, peer) => {
    const { name, end } = readName(query, 12);
    asked.push(name);
    const records = zone[name];
    if (records === "silence") return;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(records === undefined ? 0x8183 : 0x8180, 2); // response, recursion; NXDOMAIN or no error
    header.writeUInt16BE(records?.length ?? 0, 6);
    header.writeUInt32BE(0, 8);
    const answers = (records ?? []).map(([priority, exchange]) => record(priority, exchange));
    socket.send(Buffer.concat([header, query.subarray(12, end + 4), ...answers]), peer.port, peer.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

/** @see RFC 1035 3.3.9, 4.1.3; the owner is a pointer to the question's name at offset 12 */
function record(priority: number, exchange: string): Buffer {
  const labels = exchange.split(".").filter((label) => label !== "");
  const name = Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.of(0),
  ]);
  const head = Buffer.from([0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, 0, 0, 0]);
  head.writeUInt16BE(name.length + 2, 10);
  head.writeUInt16BE(priority, 12);
  return Buffer.concat([head, name]);
}

function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}
