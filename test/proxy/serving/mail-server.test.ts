import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { until } from "../../support/until.ts";
import { Client } from "./client.ts";
import { LOGIN, PASSWORD, startServing, type ServingWorld } from "./world.ts";

let world: ServingWorld;

beforeEach(async () => {
  world = await startServing();
});
afterEach(() => world.stop());

const crowd = (size: number, service: "imap" | "imaps" = "imap") =>
  Promise.all(Array.from({ length: size }, () => world.connectRaw(service)));
const outcomes = () => world.events.flatMap((event) => (event.kind === "login" ? [event.outcome] : []));
const hows = () => world.events.flatMap((event) => (event.kind === "ended" ? [event.how] : []));

describe("places", () => {
  test("are given to those who log in, before those who do not", async () => {
    world.settings({ limits: { sessions: 3 } });
    const [first] = await crowd(3);
    const { client } = await world.logIn();
    expect(await first?.readsAll()).toMatch(/^\* OK .*\r\n\* BYE /);
    client.write("b NOOP\r\n");
    await until(() => hows().includes("crowded"));
    expect(world.server.connections).toBe(3);
  });

  test("are not taken from those who have logged in", async () => {
    world.settings({ limits: { sessions: 2 } });
    const sessions = [await world.logIn(), await world.logIn()];
    const third = await world.connect();
    expect(await third.readsAll()).toMatch(/^\* BYE /);
    for (const { client, server } of sessions) {
      server.write("* 1 EXISTS\r\n");
      await client.reads(/EXISTS/);
    }
  });

  test("are given up at once by those who have been told to go and stay", async () => {
    world.settings({ limits: { sessions: 3 } });
    const [stubborn, second] = await crowd(3);
    stubborn?.write("POST / HTTP/1.1\r\n");
    await stubborn?.readsAll();
    await world.logIn();
    await world.logIn();
    expect(await second?.readsAll()).toMatch(/^\* OK .*\r\n\* BYE /);
    expect(world.server.connections).toBe(3);
  });

  test("are not kept by passwords that have yet to be looked at, but by right ones", async () => {
    world.settings({ limits: { sessions: 2 } });
    const { verify } = world;
    world.verify = (user, password, peer) =>
      user === "stranger" ? new Promise(() => undefined) : verify(user, password, peer);
    const stranger = await world.connect();
    stranger.write(`a LOGIN stranger ${PASSWORD}\r\n`);
    world.open = () => new Promise(() => undefined);
    const known = await world.connect();
    known.write(LOGIN);
    await until(() => world.server.connections === 2);
    const third = await world.connect();
    await third.reads(/^\* OK/);
    expect(await stranger.readsAll()).toMatch(/\* BYE /);
    const fourth = await world.connect();
    await fourth.reads(/^\* OK/);
    expect(await third.readsAll()).toMatch(/\* BYE /);
    expect(known.hasEnded).toBe(false);
  });

  test("of one network are its own to give", async () => {
    world.settings({ limits: { sessions: 10, sessionsPerAddress: 2 } });
    const from = async (peer: string) => {
      const server = createServer((socket) => {
        Object.defineProperty(socket, "remoteAddress", { value: peer });
        world.server.accept(socket, { service: "imap", address: "127.0.0.1", port: 0 });
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const client = await Client.connect((server.address() as AddressInfo).port);
      server.close();
      return client;
    };
    const guest = await from("192.0.2.7");
    const crowded: Client[] = [];
    for (const host of ["1", "2", "3", "4", "5"]) crowded.push(await from(`2001:db8::${host}`));
    for (const gone of crowded.slice(0, 3)) expect(await gone.readsAll()).toMatch(/\* BYE /);
    for (const here of [guest, ...crowded.slice(3)]) {
      here.write("a NOOP\r\n");
      await here.reads(/^a OK/m);
      here.socket.destroy();
    }
  });

  test("are not taken from those who are about to be logged in", async () => {
    world.settings({ limits: { sessions: 1 } });
    const { open } = world;
    const opening = Promise.withResolvers<void>();
    world.open = async (request) => {
      await opening.promise;
      return open(request);
    };
    const first = await world.connect();
    first.write(LOGIN);
    await until(() => world.requests.length > 0);
    const second = await world.connect();
    expect(await second.readsAll()).toMatch(/^\* BYE /);
    opening.resolve();
    await first.reads(/^a OK/m);
  });

  test("of one account are as many as the settings say, and free again at the end of a session", async () => {
    world.settings({ limits: { sessionsPerAccount: 1 } });
    world.connected = (socket) => void socket.on("end", () => socket.end()).resume();
    const { client } = await world.logIn();
    const second = await world.connect();
    second.write(LOGIN);
    await second.reads(/^a NO \[LIMIT\]/m);
    second.write(`b LOGIN somebody.else@example.test ${PASSWORD}\r\n`);
    await second.reads(/^b OK/m);
    client.socket.destroy();
    await until(() => world.server.counts.length === 1);
    await world.logIn();
  });

  test("are free again after a login that came to nothing", async () => {
    world.settings({ limits: { sessionsPerAccount: 1 } });
    const { open } = world;
    world.open = () => Promise.resolve({ kind: "needed", words: "sign in", hint: undefined });
    const client = await world.connect();
    client.write(LOGIN);
    await client.reads(/^a NO/m);
    world.open = open;
    await world.logIn();
  });

  test("are taken by nobody who has gone before the password was found right", async () => {
    world.settings({ limits: { sessionsPerAccount: 1 } });
    const { verify } = world;
    const verified = Promise.withResolvers<void>();
    let asked = 0;
    world.verify = async (...login) => {
      asked += 1;
      await verified.promise;
      return verify(...login);
    };
    const gone = await world.connect();
    gone.write(LOGIN);
    await until(() => asked > 0);
    gone.socket.resetAndDestroy();
    await until(() => world.server.connections === 0);
    verified.resolve();
    await until(() => outcomes().length > 0);
    expect(outcomes()).toEqual(["gone"]);
    expect(world.requests).toEqual([]);
    await world.logIn();
  });
});

describe("a crowd", () => {
  test("of a thousand silent connections, with and without TLS, keeps out nobody", async () => {
    await crowd(500, "imaps");
    await crowd(500);
    await until(() => world.server.connections === 1000);
    const { client, server } = await world.logIn();
    server.write("* 1 EXISTS\r\n");
    await client.reads(/EXISTS/);
    const secure = await world.connect("imaps");
    secure.write(LOGIN);
    await secure.reads(/^a OK/m);
  });

  test("that begins handshakes and does not go on takes no turn for long", async () => {
    const clients = await crowd(40, "imaps");
    const hello = Buffer.from("1603010200010001fc0303", "hex"); // the beginning of a ClientHello
    for (const { socket } of clients) socket.write(hello);
    await until(() => world.server.handshakesWaiting > 0);
    const secure = await world.connect("imaps");
    await secure.reads(/^\* OK/);
  });
});

describe("stopping", () => {
  test("tells those who have not logged in at once, and the others when their time is over", async () => {
    const stranger = await world.connect("smtp");
    await stranger.reads(/^220/);
    const { client, server } = await world.logIn();
    const stopped = world.server.stop(300);
    expect(await stranger.readsAll()).toMatch(/^421 /);
    stranger.socket.end();
    server.write("* 1 EXISTS\r\n");
    await client.reads(/EXISTS/);
    expect(await client.readsAll()).toMatch(/^\* BYE /);
    server.on("end", () => server.end()).resume();
    client.socket.end();
    await stopped;
    expect(world.server.connections).toBe(0);
  });

  test("ends as soon as the last session does", async () => {
    const { client, server } = await world.logIn();
    const stopped = world.server.stop(60_000);
    server.on("end", () => server.end("* BYE\r\n")).resume();
    client.socket.end("b LOGOUT\r\n");
    await stopped;
    expect(hows()).toEqual(["client"]);
  });
});

const FLOOD_BYTES = 60_000_000;

/** Writes as much as the other side takes. */
function pump(writer: Socket) {
  const chunk = Buffer.alloc(60_000, "x");
  const flood = {
    written: 0,
    /** When nothing more is taken for a while. */
    async stalls() {
      for (let before = -1; before !== flood.written; await Bun.sleep(300)) before = flood.written;
    },
  };
  const write = () => {
    for (let isTaken = true; isTaken && flood.written < FLOOD_BYTES; flood.written += chunk.length)
      isTaken = writer.write(chunk);
  };
  writer.on("drain", write);
  write();
  return flood;
}

describe("a slow peer", () => {
  test.each(["client", "server"] as const)("that reads nothing, the %s, holds up nobody else", async (slow) => {
    const { client, server } = await world.logIn();
    const [reader, writer] = slow === "client" ? [client.socket, server] : [server, client.socket];
    const flood = pump(writer);
    reader.pause();
    const other = await world.logIn();
    other.server.write("* 1 EXISTS\r\n");
    await other.client.reads(/EXISTS/);
    await flood.stalls();
    expect(flood.written).toBeLessThan(FLOOD_BYTES / 2); // kernel buffers included
    let heard = 0;
    reader.on("data", (bytes: Buffer) => void (heard += bytes.length)).resume();
    await until(
      () => heard === FLOOD_BYTES,
      () => `${heard} bytes of ${FLOOD_BYTES}`,
    );
  });

  test("gets its greeting and answers byte by byte as any other", async () => {
    const client = await world.connect();
    await client.reads(/^\* OK/);
    for (const byte of `${LOGIN}b NOOP\r\n`) {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.reads(/^a OK/m);
    const server = await until(() => world.upstream[0]);
    let heard = "";
    server.on("data", (bytes: Buffer) => (heard += String(bytes)));
    await until(() => heard === "b NOOP\r\n");
  });

  test("that does not read how its login went has as long for that as for the login", async () => {
    world.settings({ limits: { loginMs: 500 } });
    const { open } = world;
    world.open = async (request) => ({ ...(await open(request)), capabilities: ["X".repeat(30_000_000)] });
    const client = await world.connect();
    await client.reads(/^\* OK/);
    client.socket.pause();
    client.write(LOGIN);
    const server = await until(() => world.upstream[0]);
    await until(() => server.destroyed || server.readableEnded);
  });

  test("whose line never ends, or who says nothing but nonsense, is sent away", async () => {
    for (const hostile of [Buffer.alloc(100_000, "A").toString(), "\0\r\n".repeat(5000)]) {
      const client: Client = await world.connect();
      await client.reads(/^\* OK/);
      client.write(hostile);
      expect(await client.readsAll()).toMatch(/(^|\n)(\* BYE|a (BAD|NO)|\* BAD)/);
      client.socket.destroy();
    }
    await until(() => world.server.connections === 0);
  });
});

test("a client that is cut off at any moment leaves nothing behind", async () => {
  world.connected = (socket) => void socket.on("end", () => socket.end()).resume();
  const moments: ((client: Client) => Promise<unknown>)[] = [
    () => Promise.resolve(),
    (client) => client.reads(/^\* OK/),
    (client) => Promise.resolve(client.write("a LOG")),
    (client) => Promise.resolve(client.write(LOGIN)),
    async (client) => {
      client.write(LOGIN);
      await client.reads(/^a OK/m);
    },
    async (client) => {
      client.write("s STARTTLS\r\n");
      await client.reads(/^s OK/m);
      client.write("\u0016\u0003\u0001");
    },
  ];
  for (const moment of moments) {
    for (const leave of ["resetAndDestroy", "destroy"] as const) {
      const client = await world.connect();
      await moment(client);
      client.socket[leave]();
    }
  }
  await until(
    () => world.server.connections === 0,
    () => JSON.stringify(world.events),
  );
  expect(world.events.filter(({ kind }) => kind === "bug")).toEqual([]);
  await once(await world.connect().then(({ socket }) => socket), "data");
});
