import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { TLSSocket } from "node:tls";
import { until } from "../../support/until.ts";
import type { Client } from "./client.ts";
import { PASSWORD, startServing, USER, type ServingWorld } from "./world.ts";

let world: ServingWorld;

beforeAll(async () => {
  world = await startServing();
});
afterAll(() => world.stop());

const POP_LOGIN = `USER ${USER}\r\nPASS ${PASSWORD}\r\n`;
const SMTP_LOGIN = `AUTH PLAIN ${Buffer.from(`\0${USER}\0${PASSWORD}`).toString("base64")}\r\n`;

/** Logs in and says `more` in one breath. */
async function logIn(
  service: "pop" | "smtp",
  more: string,
): Promise<{ client: Client; server: TLSSocket; heard: () => string }> {
  const client = await world.connect(service);
  const before = world.upstream.length;
  client.write(`${service === "pop" ? POP_LOGIN : SMTP_LOGIN}${more}`);
  await client.reads(/^(?:\+OK hello|235 .* hello)\r\n$/m);
  const server = await until(() => world.upstream[before]);
  let heard = "";
  server.on("data", (bytes) => (heard += String(bytes)));
  await until(() => heard === more);
  return { client, server, heard: () => heard };
}

describe("a POP3 session", () => {
  test("in TLS by STLS, logs in and passes commands and replies", async () => {
    const plain = await world.connect("pop");
    await plain.reads(/^\+OK/);
    plain.write("STLS\r\n");
    await plain.reads(/^\+OK.*\r\n$/);
    const client = await plain.secure(world.caPem);
    const before = world.upstream.length;
    client.write(`CAPA\r\n${POP_LOGIN}STAT\r\n`);
    expect(await client.reads(/\+OK hello/)).not.toContain("STLS");
    const server = await until(() => world.upstream[before]);
    server.once("data", (bytes) => server.write(String(bytes) === "STAT\r\n" ? "+OK 2 320\r\n" : "-ERR\r\n"));
    expect(await client.reads(/\r\n$/)).toBe("+OK 2 320\r\n");
  });

  test("says that its server has gone", async () => {
    const { client, server } = await logIn("pop", "STAT\r\n");
    server.write("+OK 2 320\r\n");
    await client.reads(/320\r\n/);
    server.destroy();
    expect(await client.readsAll()).toBe("-ERR [SYS/TEMP] the mail server has ended the connection\r\n");
  });

  test("says nothing of that in the middle of a message", async () => {
    const { client, server } = await logIn("pop", "RETR 1\r\n");
    server.write("+OK\r\nSubject: cut\r\n");
    await client.reads(/cut\r\n/);
    server.destroy();
    expect(await client.readsAll()).toBe("");
  });
});

describe("an SMTP session", () => {
  test("in TLS from its first byte, logs in and hands on what the client calls itself", async () => {
    const client = await world.connect("smtps");
    await client.reads(/^220 /);
    client.write(`EHLO scanner.lan\r\n${SMTP_LOGIN}`);
    await client.reads(/^235 /m);
    expect(world.requests.at(-1)).toMatchObject({ protocol: "smtp", clientName: "scanner.lan" });
  });

  test("sends a message in one breath with its login", async () => {
    const { client, server, heard } = await logIn("smtp", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    server.write("250 OK\r\n250 OK\r\n354 go ahead\r\n");
    await client.reads(/354 .*\r\n/);
    client.write("Subject: x\r\n\r\n\0\xff\r\n.\r\n");
    await until(() => heard().endsWith("\r\n.\r\n"));
  });

  test("says that its server has gone, in the middle of DATA too", async () => {
    const { client, server } = await logIn("smtp", "DATA\r\n");
    server.write("354 go ahead\r\n");
    await client.reads(/354 .*\r\n/);
    client.write("Subject: x\r\n");
    server.destroy();
    expect(await client.readsAll()).toBe("421 4.3.0 the mail server has ended the connection\r\n");
  });

  test("says nothing once its server has said goodbye", async () => {
    const { client, server } = await logIn("smtp", "QUIT\r\n");
    server.end("221 2.0.0 bye\r\n");
    expect(await client.readsAll()).toBe("221 2.0.0 bye\r\n");
  });

  test("is over when something follows STARTTLS in the clear, and nobody has logged in", async () => {
    const client = await world.connect("smtp");
    const before = world.requests.length;
    client.write(`EHLO a\r\nSTARTTLS\r\n${SMTP_LOGIN}`);
    expect(await client.readsAll()).toMatch(/554 5\.5\.1 [^\n]*\r\n$/);
    expect(world.requests).toHaveLength(before);
  });
});
