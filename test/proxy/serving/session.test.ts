import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { until } from "../../support/until.ts";
import { LOGIN, startServing, USER, type ServingWorld } from "./world.ts";

let world: ServingWorld;

beforeAll(async () => {
  world = await startServing();
});
afterAll(() => world.stop());

describe("a session", () => {
  test("greets, logs in with the right password, and passes bytes both ways", async () => {
    const { client, server } = await world.logIn();
    client.write("b NOOP\r\n");
    const [asked] = (await once(server, "data")) as [Buffer];
    expect(String(asked)).toBe("b NOOP\r\n");
    server.write("b OK done\r\n");
    expect(await client.reads(/b OK/)).toBe("b OK done\r\n");
    expect(world.requests.at(-1)).toMatchObject({ protocol: "imap", mailbox: { address: USER } });
  });

  test("hands on what the client has sent with its login, and what the server has said after its own", async () => {
    const client = await world.connect();
    const before = world.upstream.length;
    const { open } = world;
    world.open = async (request) => {
      const opened = await open(request);
      return "socket" in opened ? { ...opened, unread: Buffer.from("* 3 EXISTS\r\n") } : opened;
    };
    client.write(`${LOGIN}b SELECT INBOX\r\n`);
    await client.reads(/^a OK.*\r\n\* 3 EXISTS\r\n$/m);
    world.open = open;
    const server = await until(() => world.upstream[before]);
    const [asked] = (await once(server, "data")) as [Buffer];
    expect(String(asked)).toBe("b SELECT INBOX\r\n");
  });

  test("hands on the end of either side, and hears the other one out", async () => {
    const { client, server } = await world.logIn();
    client.socket.end("b LOGOUT\r\n");
    server.resume();
    await once(server, "end");
    server.end("* BYE\r\nb OK\r\n");
    expect(await client.readsAll()).toBe("* BYE\r\nb OK\r\n");
    await until(() => client.isClosed);
  });
});
