/** What clients are told of their servers before it is known which that is. */
import { describe, expect, test } from "bun:test";
import { createSecureContext } from "node:tls";
import type { Mailbox } from "../../../src/proxy/mailboxes.ts";
import { Extensions } from "../../../src/proxy/upstream/extensions.ts";
import { imapServer, playSmtp, useUpstream } from "./world.ts";

const { serve, scene, authority } = useUpstream();

describe("extensions", () => {
  test("are those that all servers have, and the smallest size", async () => {
    const one = await serve("smtp", (peer) => playSmtp(peer));
    const other = await serve("smtp", async (peer) => {
      peer.send("220 hi\r\n");
      await peer.readLine();
      peer.send("250-other\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 500\r\n");
    });
    const { upstream } = scene();
    expect(await upstream.extensions("smtp", [one.mailbox, other.mailbox])).toEqual(["SIZE 500", "8BITMIME"]);
    expect(one.server.received).toHaveLength(1);
    expect(await upstream.extensions("smtp", [one.mailbox])).toContain("AUTH XOAUTH2");
    expect(one.server.received).toHaveLength(1);
  });

  test("are learned from logins, and not asked for again", async () => {
    const { server, mailbox } = await serve("smtp", playSmtp);
    const { upstream, opened } = scene();
    await opened(mailbox, "smtp");
    expect(await upstream.extensions("smtp", [mailbox])).toContain("8BITMIME");
    expect(server.received.filter((line) => line.startsWith("EHLO"))).toHaveLength(1);
  });

  test("of IMAP are the capabilities that all servers list before the login, in the greeting or when asked", async () => {
    const one = await serve("imap", (peer) => {
      peer.send("* OK [CAPABILITY IMAP4rev1 IDLE ENABLE APPENDLIMIT=1000] hi\r\n");
      return peer.readLine();
    });
    const other = await serve("imap", async (peer) => {
      peer.send("* OK hi\r\n");
      const [tag = ""] = (await peer.readLine()).split(" ");
      peer.send(`* CAPABILITY IMAP4rev1 APPENDLIMIT=2000 idle QUOTA\r\n${tag} OK done\r\n`);
    });
    const { upstream } = scene();
    expect(await upstream.extensions("imap", [one.mailbox, other.mailbox])).toEqual(["IMAP4rev1", "IDLE"]);
    let connections = 0;
    const known = await serve("imap", (peer) => {
      connections += 1;
      return imapServer()(peer);
    });
    const { upstream: later, opened } = scene();
    await opened(known.mailbox, "imap");
    expect(await later.extensions("imap", [known.mailbox])).toEqual(["IMAP4rev1", "SASL-IR", "AUTH=XOAUTH2"]);
    expect(connections).toBe(1);
  });

  test("of servers that cannot be reached count for nothing", async () => {
    const { mailbox } = await serve("smtp", playSmtp);
    const gone = await serve("smtp", playSmtp);
    await gone.server.stop();
    const { upstream } = scene();
    expect(await upstream.extensions("smtp", [gone.mailbox])).toEqual([]);
    expect(await upstream.extensions("smtp", [gone.mailbox, mailbox])).toContain("8BITMIME");
  });
});

test("a server that does not answer is asked again sooner than one that does", async () => {
  const { server, mailbox } = await serve("smtp", playSmtp);
  const silent = await serve("smtp", (peer) => peer.end());
  let [nowMs, asked] = [1, 0];
  const extensions = new Extensions({
    now: () => nowMs,
    trust: () => {
      asked += 1;
      return { context: createSecureContext({ ca: authority.made.ca }), resume: undefined, onSession: () => undefined };
    },
  });
  const ask = ({ servers }: Mailbox) =>
    extensions.common("smtp", [servers.smtp ?? { host: "", port: 0, security: "tls" }]);
  const askBoth = async () => [await ask(mailbox), await ask(silent.mailbox)];
  expect(await askBoth()).toEqual([expect.arrayContaining(["8BITMIME"]) as never, []]);
  nowMs += 20_000;
  await askBoth();
  expect(asked).toBe(2);
  nowMs += 20_000;
  await askBoth();
  expect(asked).toBe(3);
  nowMs += 600_000;
  await askBoth();
  expect(asked).toBe(5);
  expect(server.received).toHaveLength(2);
});
