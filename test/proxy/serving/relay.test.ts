import { afterEach, expect, test } from "bun:test";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { SessionEnd } from "../../../src/proxy/event.ts";
import type { Passage } from "../../../src/proxy/front/front.ts";
import { Relay } from "../../../src/proxy/serving/relay.ts";
import { until } from "../../support/until.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Both ends of a connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [[far]] = (await Promise.all([once(server, "connection"), once(near, "connect")])) as [[Socket], unknown];
  server.close();
  for (const socket of [near, far]) sockets.push(socket.on("error", () => undefined));
  return [near, far];
}

const PLAIN: Passage = { pass: (bytes) => bytes, farewell: (reason) => `goodbye: ${reason}\r\n` };

/** A client and a server with a relay between them that has yet to begin. */
async function scene(passage: Passage = PLAIN) {
  const [client, clientsEnd] = await pair();
  const [server, serversEnd] = await pair();
  const ended: SessionEnd[] = [];
  const failed: unknown[] = [];
  const relay = new Relay({
    client: clientsEnd,
    server: serversEnd,
    passage,
    idleMs: 60_000,
    ended: (how) => void ended.push(how),
    failed: (error) => void failed.push(error),
  });
  let heard = "";
  client.on("data", (bytes: Buffer) => (heard += bytes.toString())).on("end", () => client.end());
  const begin = () => relay.begin(new Uint8Array(), new Uint8Array());
  return { client, server, clientsEnd, serversEnd, ended, failed, begin, heard: () => heard };
}

test("a server that has hung up before it begins is told of", async () => {
  const { server, serversEnd, begin, heard, ended } = await scene();
  server.end();
  await once(serversEnd.resume(), "end");
  begin();
  await until(() => heard() === "goodbye: upstream\r\n");
  await until(() => ended.length > 0);
  expect(ended).toEqual(["server"]);
});

test.each(["client", "server"] as const)(
  "a connection that is closed before it begins, the %s's, ends both",
  async (whose) => {
    const { clientsEnd, serversEnd, begin, ended } = await scene();
    const socket = whose === "client" ? clientsEnd : serversEnd;
    socket.destroy();
    await once(socket, "close");
    begin();
    await until(() => ended.length > 0);
    expect(ended).toEqual([whose]);
  },
);

test.each(["pass", "sent"] as const)("a bug in what looks on (%s) ends it, and is told of once", async (method) => {
  const bug = () => {
    throw new TypeError("a bug");
  };
  const { client, server, begin, heard, ended, failed } = await scene({ ...PLAIN, [method]: bug });
  begin();
  client.write("to the server");
  server.write("to the client");
  server.on("end", () => server.end()).resume();
  await until(() => ended.length > 0);
  expect(heard()).toBe("goodbye: bug\r\n");
  expect(ended).toEqual(["bug"]);
  expect(failed).toHaveLength(1);
});
