/** Against npm's smtp-server where it can be had; stubs for what it refuses to do. */
import { afterEach, describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { Secret } from "../../src/platform/secret.ts";
import { TOKEN, USER, sawToken, useWorld, type Play, type Scene } from "./harness.ts";
import type { Peer } from "./stub-server.ts";

const { world, failingLogin, goodLogin } = useWorld();
const servers: SMTPServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
});

/** A real server that accepts `TOKEN` of `USER`. */
async function realServer(security: "tls" | "starttls", authMethods = ["XOAUTH2"]): Promise<Scene> {
  const server = new SMTPServer({
    ...world.identity,
    secure: security === "tls",
    authMethods,
    onAuth({ username, accessToken }, _session, done) {
      if (username === USER && accessToken === TOKEN) done(null, { user: username });
      else done(null, { data: { status: "401", schemes: "bearer mac", scope: "https://mail.google.com/" } });
    },
  });
  server.on("error", () => undefined); // clients that hang up
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  return { protocol: "smtp", server: { host: "localhost", port, security } };
}

const unused: Play = () => undefined;

async function answer(peer: Peer, reply: string): Promise<void> {
  await peer.readLine();
  peer.send(`${reply}\r\n`);
}

/** A stub as far as AUTH; the rest is the test's. */
function upToLogin(then: Play): Play {
  return async (peer) => {
    peer.send("220 ready\r\n");
    await answer(peer, "250-hello\r\n250-AUTH LOGIN XOAUTH2\r\n250 SIZE 1000");
    await then(peer);
  };
}

describe("an SMTP login", () => {
  test("succeeds on a real server, with implicit TLS and with STARTTLS", async () => {
    for (const security of ["tls", "starttls"] as const) {
      const { report } = await goodLogin(await realServer(security), unused);
      expect(report).toMatchObject({ mechanism: "XOAUTH2", tlsVersion: "TLSv1.3" });
      expect(report.said).toStartWith("250 ");
    }
  });

  test("is refused by a real server with its challenge when the token is wrong", async () => {
    const scene = await realServer("starttls");
    const { report } = await failingLogin({ ...scene, token: new Secret("another-token") }, unused);
    expect(report).toMatchObject({
      stage: "authentication",
      reason: "refused",
      challenge: { status: "401", schemes: "bearer mac", scope: "https://mail.google.com/" },
    });
    expect(report.said).toStartWith("535 ");
  });

  test("with a token beyond 512 bytes takes two steps, and a real server understands them", async () => {
    const scene = await realServer("tls");
    const { report } = await failingLogin({ ...scene, token: new Secret("long".repeat(600)) }, unused);
    expect(report).toMatchObject({ stage: "authentication", reason: "refused" });
    const stub = await goodLogin(
      { protocol: "smtp", token: new Secret(TOKEN.repeat(5)) },
      upToLogin(async (peer) => {
        await answer(peer, "334 ");
        await answer(peer, "235 2.7.0 Accepted");
        await answer(peer, "250 2.0.0 OK");
        await answer(peer, "221 bye");
      }),
    );
    expect(stub.received[1]).toBe("AUTH XOAUTH2");
    expect(sawToken(stub.received.slice(2, 3))).toBe(true);
  });

  test("with a short token takes one step and sends NOOP and QUIT after it, nothing that leaves a trace", async () => {
    const { report, received } = await goodLogin(
      { protocol: "smtp" },
      upToLogin(async (peer) => {
        await answer(peer, "235 2.7.0 Accepted");
        await answer(peer, "250 2.0.0 OK");
        await answer(peer, "221 bye");
      }),
    );
    expect(received[0]).toBe("EHLO [127.0.0.1]");
    expect(received[1]).toStartWith("AUTH XOAUTH2 dXNlcj1");
    expect(received.slice(2)).toEqual(["NOOP", "QUIT"]);
    expect(report).toMatchObject({ greeting: "ready", said: "250 2.0.0 OK" });
  });

  test("reports Exchange's refusals in its words, enhanced code and all", async () => {
    const words = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    const { report } = await failingLogin(
      { protocol: "smtp" },
      upToLogin((peer) => answer(peer, words)),
    );
    expect(report).toMatchObject({ stage: "authentication", reason: "refused", said: words });
    expect(report.challenge).toBeUndefined();
  });

  test("joins a refusal of several lines", async () => {
    const { report } = await failingLogin(
      { protocol: "smtp" },
      upToLogin((peer) => answer(peer, "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 Learn more")),
    );
    expect(report.said).toBe("535 5.7.8 Username and Password not accepted. 5.7.8 Learn more");
  });

  test("offers nothing to a server without the mechanisms", async () => {
    const scene = await realServer("tls", ["PLAIN", "LOGIN"]);
    const { report } = await failingLogin(scene, unused);
    expect(report).toMatchObject({ stage: "capabilities", reason: "no-mechanism" });
    expect(report.said).toContain("PLAIN");
  });

  test("never sends the token when STARTTLS is refused or not known", async () => {
    for (const refusal of ["502 5.5.1 Unknown command", "454 4.7.0 TLS not available"]) {
      const { report, received } = await failingLogin({ protocol: "smtp", security: "starttls" }, async (peer) => {
        peer.send("220 ready\r\n");
        await answer(peer, "250-hello\r\n250 AUTH XOAUTH2");
        await answer(peer, refusal);
        await peer.readLine();
      });
      expect(report).toMatchObject({ stage: "tls", reason: "starttls-refused", said: refusal });
      expect(sawToken(received)).toBe(false);
    }
  });

  test("reports a server that closes with 421, at any moment", async () => {
    const closing = "421 4.7.0 Try again later, closing connection";
    const moments: readonly (readonly [stage: string, play: Play])[] = [
      ["greeting", (peer) => peer.send(`${closing}\r\n`)],
      [
        "capabilities",
        async (peer) => {
          peer.send("220 ready\r\n");
          await answer(peer, closing);
        },
      ],
      ["authentication", upToLogin((peer) => answer(peer, closing))],
      [
        "after-login",
        upToLogin(async (peer) => {
          await answer(peer, "235 in");
          await answer(peer, closing);
        }),
      ],
    ];
    for (const [stage, play] of moments) {
      const { report } = await failingLogin({ protocol: "smtp" }, play);
      expect(report).toMatchObject({ stage, reason: "closed", said: closing });
    }
  });

  test("gives up on a reply that does not end", async () => {
    const { report } = await failingLogin({ protocol: "smtp" }, (peer) => peer.send("220-hello\r\n".repeat(1000)));
    expect(report).toMatchObject({ stage: "greeting", reason: "protocol", said: "hello" });
  });

  test("does not show a token that the server echoes", async () => {
    const { report } = await failingLogin(
      { protocol: "smtp" },
      upToLogin(async (peer) => {
        const command = await peer.readLine();
        peer.send(`555-5.5.2 Syntax error, goodbye.\r\n555 ${command}\r\n`);
      }),
    );
    expect(report.said).toStartWith("555 5.5.2 Syntax error, goodbye. AUTH XOAUTH2 [redacted]");
  });
});
