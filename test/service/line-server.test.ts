import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, asyncProperty, uint8Array } from "fast-check";
import { MAX_REQUEST_BYTES } from "../../src/agent/protocol.ts";
import { LineServer, type ServerPorts } from "../../src/service/line-server.ts";

const folder = mkdtempSync(join(tmpdir(), "mka-"));
const open: { close(): unknown }[] = [];
let count = 0;

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

interface Started {
  readonly path: string;
  readonly server: LineServer;
  readonly fates: string[];
}

async function start(ports: Partial<ServerPorts> = {}): Promise<Started> {
  const path = join(folder, `s${++count}`);
  const fates: string[] = [];
  const server = new LineServer({
    answer: (line) => `answer to ${line}`,
    waiting: "wait",
    busy: "busy",
    page: (page) => (page === "/metrics" ? { type: "text/plain", body: "metric 1\n" } : undefined),
    admits: () => true,
    ended: (fate) => fates.push(fate),
    ...ports,
  });
  await server.listen({ path });
  open.push(server);
  return { path, server, fates };
}

/** One client: what it has heard so far, and waiting for more. */
class Client {
  heard = "";
  readonly socket: Socket;
  readonly closed: Promise<void>;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("data", (chunk) => {
      this.heard += chunk.toString();
    });
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on("end", () => this.socket.end());
      this.socket.on("close", () => resolve());
    });
    open.push({ close: () => this.socket.destroy() });
  }

  say(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  async hears(text: string): Promise<void> {
    while (!this.heard.includes(text)) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function accepted(server: LineServer, clients: number): Promise<void> {
  while (server.counts.connected < clients) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("the agent's server", () => {
  test("answers each line of a connection, in the order in which they came", async () => {
    const { path } = await start();
    const client = new Client(path).say("one\ntwo\nthree\n");
    await client.hears("answer to three\n");
    expect(client.heard).toBe("answer to one\nanswer to two\nanswer to three\n");
  });

  test("takes a request that comes byte by byte, in the middle of a character too", async () => {
    const { path } = await start();
    const client = new Client(path);
    for (const byte of new TextEncoder().encode("grüße\n")) {
      client.say(Uint8Array.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await client.hears("\n");
    expect(client.heard).toBe("answer to grüße\n");
  });

  test("answers one who has closed their sending side", async () => {
    const { path } = await start({ answer: (line) => Promise.resolve(`late answer to ${line}`) });
    const client = new Client(path);
    client.socket.end("a\nb\n");
    await client.closed;
    expect(client.heard.replaceAll("wait\n", "")).toBe("late answer to a\nlate answer to b\n");
  });

  test("says that it is at work until the answer is there, and answers others meanwhile", async () => {
    let finish: (reply: string) => void = () => undefined;
    const slow = new Promise<string>((resolve) => {
      finish = resolve;
    });
    const { path } = await start({
      answer: (line) => (line === "slow" ? slow : "quick"),
      limits: { waitMs: 5 },
    });
    const waiting = new Client(path).say("slow\n");
    await waiting.hears("wait\nwait\nwait\n");
    const other = new Client(path).say("x\n");
    await other.hears("quick\n");
    finish("done");
    await waiting.hears("done\n");
    await new Promise((resolve) => setTimeout(resolve, 25)); // several times what is between two waits
    expect(waiting.heard).toMatch(/^(wait\n){3,}done\n$/);
  });

  test("drops nobody who goes on asking, nor who waits for an answer, however long", async () => {
    const requestMs = 200;
    const { promise: slow, resolve: finish } = Promise.withResolvers<string>();
    const { path, server } = await start({
      answer: (line) => (line === "slow" ? slow : "quick"),
      limits: { requestMs, waitMs: 10 },
    });
    const waiting = new Client(path).say("slow\n");
    const asking = new Client(path);
    for (const end = performance.now() + 2.5 * requestMs; performance.now() < end; ) {
      asking.heard = "";
      await asking.say("x\n").hears("quick\n");
    }
    finish("done");
    await waiting.hears("done\n");
    expect(server.counts.dropped).toBe(0);
  });

  test("does not keep the connection of one who has been answered over HTTP and stays", async () => {
    const { path, server, fates } = await start({ limits: { requestMs: 50 } });
    const staying = connect({ path, allowHalfOpen: true });
    open.push({ close: () => staying.destroy() });
    staying
      .on("error", () => undefined)
      .resume()
      .write("GET /metrics HTTP/1.1\r\n\r\n");
    await accepted(server, 1);
    while (server.counts.connected > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(fates).toEqual(["served"]);
  });

  test("drops who stays silent, who drips, and who does not take the answers", async () => {
    const { path, server, fates } = await start({
      answer: () => "x".repeat(100_000),
      limits: { requestMs: 60 },
    });
    const silent = new Client(path);
    const dripping = new Client(path);
    const drip = setInterval(() => dripping.say("a"), 5);
    const deaf = new Client(path);
    deaf.socket.pause();
    deaf.say("request\n".repeat(1000));
    await Promise.all([silent.closed, dripping.closed]);
    clearInterval(drip);
    while (server.counts.connected > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fates).toEqual(["timed_out", "timed_out", "timed_out"]);
    expect(server.counts.served).toBeLessThan(100); // it was not answered a thousand times into memory
  });

  test("answers who asks again and again only as far as the answers are taken", async () => {
    const { path, server } = await start({ answer: () => "x".repeat(1_000_000) });
    const deaf = new Client(path);
    deaf.socket.pause();
    const other = new Client(path);
    for (let asked = 0; asked < 50; asked++) {
      deaf.say("again\n");
      await other.say("in between\n").hears("\n");
      other.heard = "";
    }
    expect(server.counts.served - 50).toBeLessThan(10);
    deaf.socket.resume();
    while (deaf.heard.length < 50 * 1_000_001) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test("drops who sends more than a request can be", async () => {
    const { path, server } = await start();
    const client = new Client(path).say("x".repeat(MAX_REQUEST_BYTES + 1));
    await client.closed;
    expect(server.counts.dropped).toBe(1);
    expect(client.heard).toBe("");
  });

  test("gives the place of the one that has been silent longest to a newcomer, and refuses when all are at work", async () => {
    const { path, server } = await start({
      answer: (line) => (line === "never" ? new Promise<string>(() => undefined) : "ok"),
      limits: { clients: 3 },
    });
    const first = new Client(path);
    const busy = new Client(path).say("never\n");
    await busy.hears("wait");
    const second = new Client(path).say("hello\n");
    await second.hears("ok");
    const third = new Client(path).say("hello\n");
    await Promise.all([third.hears("ok"), first.closed]);
    expect(server.counts.connected).toBe(3);
    for (const client of [second, third]) await client.say("never\n").hears("wait");
    const fourth = new Client(path);
    await fourth.closed;
    expect(fourth.heard).toBe("busy\n");
  });

  test("takes one for silent from its last answer on", async () => {
    const { path, server } = await start({ limits: { clients: 2 } });
    const [first, second] = [new Client(path), new Client(path)];
    await accepted(server, 2);
    for (const each of [second, first]) await each.say("hello\n").hears("answer");
    await Promise.all([new Client(path).say("hello\n").hears("answer"), second.closed]);
    first.heard = "";
    await first.say("still there\n").hears("answer to still there");
  });

  test("has no more clients than places when a crowd comes at the same moment", async () => {
    let most = 0;
    const { path, server } = await start({
      admits: () => {
        most = Math.max(most, server.counts.connected);
        return true;
      },
      limits: { clients: 10 },
    });
    const crowd = Array.from({ length: 50 }, () => new Client(path));
    await Promise.all(crowd.slice(0, 40).map(({ closed }) => closed));
    expect([most, server.counts.dropped]).toEqual([10, 40]);
    await crowd.at(-1)?.say("hello\n").hears("answer to hello\n");
  });

  test("answers all that a client asked before it closed its sending side", async () => {
    const { path } = await start();
    for (let round = 0; round < 20; round++) {
      const client = new Client(path);
      client.socket.end("a\nb\nc\nd\n");
      await client.closed;
      expect(client.heard).toBe("answer to a\nanswer to b\nanswer to c\nanswer to d\n");
    }
  });

  test("answers a hundred among nine hundred that say nothing, or half a request", async () => {
    const { path, server } = await start();
    const mute: Client[] = [];
    while (mute.length < 900) {
      const client = new Client(path);
      mute.push(mute.length % 2 === 0 ? client : client.say("half a requ"));
      if (mute.length % 100 === 0) await accepted(server, mute.length); // the kernel's queue is not what is tried here
    }
    const asking = Array.from({ length: 100 }, (_, index) => new Client(path).say(`${index}\n`));
    await Promise.all(asking.map((client, index) => client.hears(`answer to ${index}\n`)));
    expect(server.counts.served).toBe(100);
    expect(mute.every(({ heard }) => heard === "")).toBe(true);
  });

  test("takes nothing new when it closes, and lets go of those that wait once they have their answer", async () => {
    const { promise: slow, resolve: finish } = Promise.withResolvers<string>();
    const { path, server } = await start({ answer: (line) => (line === "slow" ? slow : "quick") });
    const idle = new Client(path).say("x\n");
    await idle.hears("quick\n");
    const waiting = new Client(path).say("slow\nx\n");
    await waiting.hears("wait\n");
    const ends: string[] = [];
    server.close();
    const closing = server.finish().then(() => ends.push("closed"));
    await idle.closed;
    waiting.say("x\n");
    const late = new Client(path).say("x\n");
    await late.closed;
    expect(ends).toEqual([]);
    finish("done");
    await Promise.all([waiting.closed, closing]);
    expect(waiting.heard).toMatch(/^(wait\n)+done\n$/);
    expect(late.heard).toBe("");
  });

  test("serves a page over HTTP, for curl", async () => {
    const { path } = await start();
    const client = new Client(path).say("GET /metrics HTTP/1.1\r\nHost: agent\r\n\r\n");
    await client.closed;
    expect(client.heard).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(client.heard).toEndWith("\r\n\r\nmetric 1\n");
    const other = new Client(path).say("GET /etc/passwd HTTP/1.1\r\n\r\n");
    await other.closed;
    expect(other.heard).toStartWith("HTTP/1.1 404 ");
  });

  test("does not talk to a process that it does not admit", async () => {
    const { path, server } = await start({ admits: () => false });
    const client = new Client(path).say("hello\n");
    await client.closed;
    expect(client.heard).toBe("");
    expect(server.counts.refused).toBe(1);
  });

  test("survives any bytes, and still answers", async () => {
    const { path } = await start({ limits: { requestMs: 50 } });
    await assert(
      asyncProperty(array(uint8Array({ maxLength: 200 }), { maxLength: 5 }), async (chunks) => {
        const hostile = new Client(path);
        for (const chunk of chunks) hostile.say(chunk);
        const honest = new Client(path).say("still there\n");
        await honest.hears("answer to still there\n");
        hostile.socket.destroy();
        honest.socket.destroy();
      }),
      { numRuns: 60 },
    );
  });
});
