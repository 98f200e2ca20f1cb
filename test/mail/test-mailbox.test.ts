import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { MailkeyError } from "../../src/errors.ts";
import type { LoginReport, MailProtocol } from "../../src/mail/report.ts";
import { testMailbox, type MailboxRequest } from "../../src/mail/test-mailbox.ts";
import { Secret } from "../../src/platform/secret.ts";
import { createAuthority, type ServerIdentity } from "./certificates.ts";
import { TOKEN, USER } from "./harness.ts";
import { playImap, playPop } from "./obliging.ts";
import { startStub, type Peer, type StubServer } from "./stub-server.ts";

let ca: string;
let tls: ServerIdentity;
const running: StubServer[] = [];

beforeAll(async () => {
  const authority = await createAuthority();
  ca = authority.ca;
  tls = await authority.issue(["localhost"]);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(play: (peer: Peer) => unknown) {
  const server = await startStub({ security: "tls", tls }, play);
  running.push(server);
  return { host: "localhost", port: server.port, security: "tls" as const };
}

function request(servers: MailboxRequest["servers"], change: Partial<MailboxRequest> = {}): MailboxRequest {
  return { servers, mechanisms: {}, user: USER, certificates: [ca], timeoutMs: 20_000, ...change };
}

const token = () => Promise.resolve(new Secret(TOKEN));

const noToken = () => Promise.reject(new MailkeyError("ERR_SIGN_IN_AGAIN", "sign in again"));

async function collect(reports: AsyncIterable<LoginReport>): Promise<LoginReport[]> {
  const collected: LoginReport[] = [];
  for await (const report of reports) collected.push(report);
  return collected;
}

describe("testing a mailbox", () => {
  test("reports on every server there is, in a fixed order, whichever answers first", async () => {
    const { promise: popIsDone, resolve } = Promise.withResolvers<void>();
    const imap = await start(async (peer) => {
      await popIsDone;
      await playImap(peer);
    });
    const pop = await start(async (peer) => {
      await playPop(peer);
      resolve();
    });
    const reports = await collect(testMailbox(request({ pop, imap }), token));
    expect(reports.map(({ protocol, ok }) => [protocol, ok])).toEqual([
      ["imap", true],
      ["pop", true],
    ]);
  });

  test("asks for a token for each protocol and uses it there", async () => {
    const imap = await start(playImap);
    const pop = await start(playPop);
    const asked: MailProtocol[] = [];
    await collect(
      testMailbox(request({ imap, pop }), (protocol) => {
        asked.push(protocol);
        return Promise.resolve(new Secret(`${TOKEN}-${protocol}`));
      }),
    );
    expect(asked).toEqual(["imap", "pop"]);
    const sent = running.map(({ received }) =>
      received.map((line) => Buffer.from(line.split(" ").at(-1) ?? "", "base64").toString()).join(""),
    );
    expect(sent[0]).toContain(`${TOKEN}-imap`);
    expect(sent[1]).toContain(`${TOKEN}-pop`);
  });

  test("prefers the mechanisms that it is told", async () => {
    const imap = await start(playImap);
    const [report] = await collect(testMailbox(request({ imap }, { mechanisms: { imap: ["OAUTHBEARER"] } }), token));
    expect(report).toMatchObject({ ok: true, mechanism: "OAUTHBEARER" });
  });

  test("connects nowhere when there is no token", async () => {
    const imap = await start(playImap);
    const error: unknown = await collect(testMailbox(request({ imap }), noToken)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_SIGN_IN_AGAIN" });
    expect(running[0]?.received).toHaveLength(0);
  });

  test("ends the other logins when nobody listens any more", async () => {
    const imap = await start(playImap);
    const { promise: popIsLeft, resolve } = Promise.withResolvers<void>();
    const pop = await start((peer) => void peer.socket.once("close", resolve));
    for await (const report of testMailbox(request({ imap, pop }), token)) {
      expect(report.protocol).toBe("imap");
      break;
    }
    await popIsLeft;
  });
});
