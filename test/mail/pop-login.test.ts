import { describe, expect, test } from "bun:test";
import { xoauth2 } from "../../src/sasl/xoauth2.ts";
import { TOKEN, sawToken, useWorld, type Play } from "./harness.ts";
import type { Peer } from "./stub-server.ts";

const { failingLogin, goodLogin } = useWorld();

async function answer(peer: Peer, reply: string): Promise<void> {
  await peer.readLine();
  peer.send(`${reply}\r\n`);
}

/** A server as far as AUTH; the rest is the test's. */
function upToLogin(then: Play): Play {
  return async (peer) => {
    peer.send("+OK ready\r\n");
    await answer(peer, "+OK list follows\r\nTOP\r\nSASL PLAIN XOAUTH2\r\n.");
    await then(peer);
  };
}

describe("a POP3 login", () => {
  test("sends the initial response on its own line, as Exchange wants it, and then asks for STAT", async () => {
    const { report, received } = await goodLogin(
      { protocol: "pop" },
      upToLogin(async (peer) => {
        await answer(peer, "+ ");
        await answer(peer, "+OK User successfully authenticated.");
        await answer(peer, "+OK 7 1234");
        await answer(peer, "+OK bye");
      }),
    );
    expect(received[1]).toBe("AUTH XOAUTH2");
    expect(xoauth2.decodeInitialResponse(received[2] ?? "")?.token.reveal()).toBe(TOKEN);
    expect(received.slice(3)).toEqual(["STAT", "QUIT"]);
    expect(report).toMatchObject({ mechanism: "XOAUTH2", greeting: "ready", said: "7 1234" });
  });

  test("tries the caller's first mechanism when the server knows no CAPA, or lists no mechanisms", async () => {
    for (const capa of ["-ERR what?", "+OK\r\nTOP\r\n."]) {
      const { report } = await goodLogin({ protocol: "pop", mechanisms: ["OAUTHBEARER"] }, async (peer) => {
        peer.send("+OK ready\r\n");
        await answer(peer, capa);
        await answer(peer, "+ ");
        await answer(peer, "+OK in");
        await answer(peer, "+OK 0 0");
        await answer(peer, "+OK bye");
      });
      expect(report.mechanism).toBe("OAUTHBEARER");
    }
  });

  test("answers a failure challenge and reports what it says", async () => {
    const { report, received } = await failingLogin(
      { protocol: "pop" },
      upToLogin(async (peer) => {
        await answer(peer, "+ ");
        await answer(peer, `+ ${Buffer.from('{"status":"401"}').toString("base64")}`);
        await answer(peer, "-ERR [AUTH] Username and password not accepted.");
      }),
    );
    expect(received[3]).toBe("");
    expect(report).toMatchObject({ stage: "authentication", reason: "refused", challenge: { status: "401" } });
  });

  test("reports a refusal without a challenge, and one before the token was sent", async () => {
    const refusal = "-ERR Authentication failure: unknown user name or bad password.";
    const late = await failingLogin(
      { protocol: "pop" },
      upToLogin(async (peer) => {
        await answer(peer, "+ ");
        await answer(peer, refusal);
      }),
    );
    expect(late.report).toMatchObject({ stage: "authentication", said: refusal.slice("-ERR ".length) });
    const early = await failingLogin(
      { protocol: "pop" },
      upToLogin((peer) => answer(peer, refusal)),
    );
    expect(early.report).toMatchObject({ stage: "authentication", said: refusal.slice("-ERR ".length) });
    expect(sawToken(early.received)).toBe(false);
  });

  test("is not good when STAT is refused", async () => {
    const { report } = await failingLogin(
      { protocol: "pop" },
      upToLogin(async (peer) => {
        await answer(peer, "+ ");
        await answer(peer, "+OK in");
        await answer(peer, "-ERR [SYS/TEMP] mailbox is being moved");
      }),
    );
    expect(report).toMatchObject({ stage: "after-login", said: "[SYS/TEMP] mailbox is being moved" });
  });

  test("reports a greeting that turns us away", async () => {
    const { report } = await failingLogin({ protocol: "pop" }, (peer) => peer.send("-ERR POP is disabled\r\n"));
    expect(report).toMatchObject({ stage: "greeting", reason: "refused", said: "POP is disabled" });
  });

  test("starts TLS with STLS, and sends nothing when that is refused", async () => {
    const { report } = await goodLogin({ protocol: "pop", security: "starttls" }, async (peer) => {
      peer.send("+OK ready\r\n");
      expect(await peer.readLine()).toBe("STLS");
      const upgrade = peer.startTls();
      peer.send("+OK begin\r\n");
      const secure = await upgrade;
      await answer(secure, "+OK\r\nSASL XOAUTH2\r\n.");
      await answer(secure, "+ ");
      await answer(secure, "+OK in");
      await answer(secure, "+OK 0 0");
      await answer(secure, "+OK bye");
    });
    expect(report.tlsVersion).toMatch(/^TLSv1\.[23]$/);
    const refused = await failingLogin({ protocol: "pop", security: "starttls" }, async (peer) => {
      peer.send("+OK ready\r\n");
      await answer(peer, "-ERR no");
      await peer.readLine();
    });
    expect(refused.report).toMatchObject({ stage: "tls", reason: "starttls-refused" });
    expect(refused.received).toEqual(["STLS"]);
  });

  test("gives up on a list of capabilities that does not end", async () => {
    const { report } = await failingLogin({ protocol: "pop" }, async (peer) => {
      peer.send("+OK ready\r\n");
      await answer(peer, `+OK\r\n${"X\r\n".repeat(1000)}`);
    });
    expect(report).toMatchObject({ stage: "capabilities", reason: "protocol" });
  });
});
