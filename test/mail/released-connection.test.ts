/** What a connection leaves to others: its socket, and TLS sessions that may be resumed. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { MailConnection, type ConnectionOptions } from "../../src/mail/connection.ts";
import { until } from "../support/until.ts";
import { createAuthority, type ServerIdentity, type TestAuthority } from "./certificates.ts";
import { startStub, type Peer, type StubServer } from "./stub-server.ts";

let authority: TestAuthority;
let identity: ServerIdentity;
let server: StubServer;
let peer: Peer | undefined;

beforeAll(async () => {
  authority = await createAuthority();
  identity = await authority.issue(["localhost"]);
});
afterEach(() => server.stop());

async function connected(
  version: "TLSv1.2" | "TLSv1.3",
  more: Partial<ConnectionOptions> = {},
): Promise<MailConnection> {
  const tls = { ...identity, minVersion: version, maxVersion: version };
  server = await startStub({ security: "tls", tls }, (arrived) => {
    peer = arrived;
    arrived.send("hello\r\n");
  });
  const certificates = [authority.ca];
  return MailConnection.open({ host: "localhost", port: server.port, certificates, timeoutMs: 10_000, ...more });
}

test("a released connection goes on when its time is over, and when its caller has gone", async () => {
  const caller = new AbortController();
  const connection = await connected("TLSv1.3", { timeoutMs: 300, signal: caller.signal });
  await connection.secure();
  expect(await connection.readLine()).toBe("hello");
  const { socket } = connection.release();
  caller.abort();
  await Bun.sleep(600);
  let heard = "";
  socket.on("data", (bytes: Buffer) => (heard += bytes.toString())).resume();
  peer?.send("still here\r\n");
  await until(() => heard === "still here\r\n");
  socket.destroy();
});

describe.each(["TLSv1.2", "TLSv1.3"] as const)("a session of %s", (version) => {
  test("is told of when the server is verified", async () => {
    const sessions: Buffer[] = [];
    const connection = await connected(version, { onSession: (session) => void sessions.push(session) });
    await connection.secure();
    await connection.readLine();
    await until(() => sessions.length > 0);
    connection.close();
  });

  test("is not told of when it is not: who resumed it would verify nothing", async () => {
    const sessions: Buffer[] = [];
    const stranger = (await createAuthority()).ca;
    const onSession = (session: Buffer) => void sessions.push(session);
    const connection = await connected(version, { certificates: [stranger], onSession });
    expect(connection.secure()).rejects.toThrow("certificate");
    expect(sessions).toEqual([]);
  });
});
