/** Opening mailboxes: what is said to servers, what is made of their answers, and what never gets through. */
import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { MailkeyError } from "../../../src/errors.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { createAuthority } from "../../mail/certificates.ts";
import type { Peer } from "../../mail/stub-server.ts";
import { until } from "../../support/until.ts";
import { ADDRESS, imapServer, mailboxAt, playSmtp, tokenIn, useUpstream } from "./world.ts";

const { serve, serveHalfOpen, scene } = useUpstream();

describe("an opened mailbox", () => {
  test("is logged in after one command, and nothing that the server has sent since is lost", async () => {
    const { server, mailbox } = await serve("imap", imapServer({ after: "* 3 EXISTS\r\n* half a li" }));
    const { opened } = scene();
    const { socket, unread, said, capabilities } = await opened(mailbox, "imap");
    expect(server.received).toHaveLength(1);
    expect([said, capabilities]).toEqual(["welcome anna", ["IMAP4rev1", "IDLE", "Namespace"]]);
    let heard = Buffer.from(unread).toString();
    socket.on("data", (bytes: Buffer) => {
      heard += bytes.toString();
    });
    socket.resume();
    await until(() => heard === "* 3 EXISTS\r\n* half a li" || undefined);
  });

  test("passes the end of each direction on its own", async () => {
    let heard = "";
    const mailbox = await serveHalfOpen((socket) => {
      socket.write("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
      socket.once("data", () => socket.write("A1 OK welcome\r\n"));
      socket.on("data", (bytes: Buffer) => {
        heard = bytes.toString();
      });
      socket.on("end", () => socket.end("last words\r\n"));
    });
    const { socket } = await scene().opened(mailbox, "imap");
    let last = "";
    socket.on("data", (bytes: Buffer) => {
      last += bytes.toString();
    });
    socket.resume();
    socket.end("and now I am silent\r\n");
    await once(socket, "end");
    expect([heard, last]).toEqual(["and now I am silent\r\n", "last words\r\n"]);
  });

  test("survives that nobody listens when the connection breaks", async () => {
    let cut: (() => void) | undefined;
    const { mailbox } = await serve("imap", async (peer) => {
      await imapServer()(peer);
      cut = () => peer.reset();
    });
    const { socket } = await scene().opened(mailbox, "imap");
    (await until(() => cut))();
    socket.resume();
    await until(() => socket.destroyed || undefined);
  });

  test("speaks SMTP with the client's name, and lists what the server can do", async () => {
    const { server, mailbox } = await serve("smtp", playSmtp);
    const { extensions, said } = await scene().opened(mailbox, "smtp", { clientName: "laptop.example" });
    expect(server.received[0]).toBe("EHLO laptop.example");
    expect(extensions).toEqual(["SIZE 1000", "AUTH XOAUTH2", "8BITMIME"]);
    expect(said).toBe("Authentication successful");
  });

  test("is reached by STARTTLS as well", async () => {
    const { mailbox } = await serve(
      "smtp",
      async (peer) => {
        peer.send("220 hi\r\n");
        await peer.readLine();
        peer.send("250-hi\r\n250 STARTTLS\r\n");
        await peer.readLine();
        peer.send("220 go\r\n");
        await playSmtp(await peer.startTls(), false);
      },
      { security: "starttls" },
    );
    const { extensions } = await scene().opened(mailbox, "smtp");
    expect(extensions).toContain("8BITMIME");
  });

  test("resumes the TLS session of the last one", async () => {
    const { mailbox } = await serve("imap", imapServer());
    const { opened } = scene();
    const first = await opened(mailbox, "imap");
    const second = await opened(mailbox, "imap");
    expect([first.socket.isSessionReused(), second.socket.isSessionReused()]).toEqual([false, true]);
    expect(second.socket.authorized).toBe(true);
  });
});

describe("a token that the server refuses", () => {
  test("is renewed once, and tried again before anybody hears of it", async () => {
    const { server, mailbox } = await serve("imap", imapServer({ tokens: /token-2/ }));
    const { opened, wishes } = scene();
    await opened(mailbox, "imap");
    expect(wishes.map(({ refused }) => refused?.reveal())).toEqual([undefined, "token-1"]);
    const logins = server.received.filter((line) => line.includes("AUTHENTICATE"));
    expect(logins.map((line) => tokenIn(line.split(" ")[3] ?? ""))).toEqual(["token-1", "token-2"]);
  });

  test("is the end when there is no other", async () => {
    const { server, mailbox } = await serve("imap", imapServer({ tokens: /never/ }));
    const world = scene();
    world.tokens = () => new Secret("always-the-same");
    const refusal = await world.open(mailbox, "imap");
    expect(refusal).toMatchObject({
      kind: "server",
      words: "the server refuses the login: [AUTHENTICATIONFAILED] that token is no good",
      hint: expect.stringContaining("mailkey") as unknown,
    });
    expect(server.received.filter((line) => line.includes("AUTHENTICATE"))).toHaveLength(1);
  });

  test("is the end when another one is refused as well, and of both connections", async () => {
    let closed = 0;
    const { mailbox } = await serve("imap", (peer) => {
      peer.socket.on("close", () => void (closed += 1));
      return imapServer({ tokens: /never/ })(peer);
    });
    const { open, wishes } = scene();
    expect(await open(mailbox, "imap")).toMatchObject({ kind: "server" });
    expect(wishes).toHaveLength(2);
    await until(() => closed === 2);
  });

  test("is not renewed when the server is merely busy", async () => {
    const { mailbox } = await serve("imap", async (peer) => {
      peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
      await peer.readLine();
      peer.send("A1 NO [UNAVAILABLE] come back later\r\n");
    });
    const { open, wishes } = scene();
    expect(await open(mailbox, "imap")).toMatchObject({ kind: "unavailable" });
    expect(wishes).toHaveLength(1);
  });
});

describe("without a token", () => {
  const failing = async (error: Error) => {
    const { server, mailbox } = await serve("imap", imapServer());
    const world = scene();
    world.tokens = async () => {
      throw error;
    };
    return { refusal: await world.open(mailbox, "imap"), server };
  };

  test("nothing is connected, and the client hears what to type", async () => {
    const hint = `mailkey login ${ADDRESS}`;
    const { refusal, server } = await failing(new MailkeyError("ERR_SIGN_IN_AGAIN", "sign in again", { hint }));
    expect(refusal).toEqual({ kind: "needed", words: "sign in again", hint, code: "ERR_SIGN_IN_AGAIN" });
    expect(server.received).toEqual([]);
  });

  test("an outage is no reason to do anything", async () => {
    const { refusal } = await failing(new MailkeyError("ERR_PROVIDER_UNAVAILABLE", "the provider is down"));
    expect(refusal).toMatchObject({ kind: "unavailable", words: "the provider is down" });
  });

  test("a sign-in is waited for where that is wished", async () => {
    const { mailbox } = await serve("imap", imapServer());
    const world = scene();
    world.proxy.waitForSignInMs = 60_000;
    world.tokens = () => {
      if (world.wishes.length > 1) return new Secret("token");
      throw new MailkeyError("ERR_SIGN_IN_AGAIN", "sign in again");
    };
    await world.opened(mailbox, "imap");
    expect(world.wishes).toHaveLength(2);
  });

  test("a client that goes is not waited for", async () => {
    const { mailbox } = await serve("imap", imapServer());
    const world = scene();
    world.proxy.waitForSignInMs = 60_000;
    const gone = new AbortController();
    world.tokens = () => {
      gone.abort(new Error("gone"));
      throw new MailkeyError("ERR_SIGN_IN_AGAIN", "sign in again");
    };
    expect(world.open(mailbox, "imap", { signal: gone.signal })).rejects.toThrow("gone");
    expect(world.wishes).toHaveLength(1);
  });

  test("a client that goes while the server takes its time is not told of as the server's fault", async () => {
    const gone = new AbortController();
    const { mailbox } = await serve("imap", async (peer) => {
      peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
      await peer.readLine();
      gone.abort(new Error("gone"));
    });
    expect(scene().open(mailbox, "imap", { signal: gone.signal })).rejects.toThrow("gone");
  });
});

describe("a server that is not to be trusted", () => {
  test("gets no token when nobody vouches for its certificate", async () => {
    const { server, mailbox } = await serve("imap", imapServer());
    expect(await scene({ trusting: false }).open(mailbox, "imap")).toMatchObject({ kind: "unavailable" });
    expect(server.received).toEqual([]);
  });

  test("gets no token when it skips the login, greets without end or talks nonsense", async () => {
    const plays: ((peer: Peer) => unknown)[] = [
      (peer) => peer.send("* PREAUTH [CAPABILITY IMAP4rev1] come in\r\n"),
      (peer) => peer.send(`* OK ${"x".repeat(100_000)}`),
      (peer) => peer.send("HTTP/1.1 400 Bad Request\r\n"),
    ];
    for (const play of plays) {
      const { server, mailbox } = await serve("imap", play);
      expect(await scene().open(mailbox, "imap")).toMatchObject({ kind: "unavailable" });
      expect(server.received).toEqual([]);
    }
  });

  test("has its plain text before TLS refused", async () => {
    const { server, mailbox } = await serve(
      "imap",
      async (peer) => {
        peer.send("* OK hi\r\n");
        await peer.readLine();
        peer.send("A1 OK go\r\n* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] injected\r\n");
      },
      { security: "starttls" },
    );
    const refusal = await scene().open(mailbox, "imap");
    expect(refusal).toMatchObject({ kind: "unavailable", words: expect.stringContaining("plain text") as unknown });
    expect(server.received).toEqual(["A1 STARTTLS"]);
  });

  test("cannot have the token shown by echoing it", async () => {
    const { mailbox } = await serve("imap", async (peer) => {
      peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
      const line = await peer.readLine();
      peer.send(`A1 NO ${line} ${tokenIn(line.split(" ")[3] ?? "")}\r\n`);
    });
    const world = scene();
    world.tokens = () => new Secret("a-token-that-is-secret");
    expect(JSON.stringify(await world.open(mailbox, "imap"))).not.toMatch(/is-secret|dXNlcj1/);
  });

  test("is trusted no longer than the certificates say, though its TLS session could be resumed", async () => {
    const { mailbox } = await serve("imap", imapServer());
    const world = scene();
    await world.opened(mailbox, "imap");
    world.trust((await createAuthority()).ca);
    expect(await world.open(mailbox, "imap")).toMatchObject({ kind: "unavailable" });
  });

  test("is asked nothing when the certificates to trust are none", async () => {
    const { server, mailbox } = await serve("imap", imapServer());
    const world = scene();
    world.trust("-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n");
    expect(await world.open(mailbox, "imap")).toMatchObject({ kind: "needed", code: "ERR_CONFIG" });
    expect(await world.upstream.extensions("imap", [mailbox])).toEqual([]);
    expect(server.received).toEqual([]);
  });

  test("that nobody listens at is unavailable", async () => {
    const { server, mailbox } = await serve("imap", imapServer());
    await server.stop();
    expect(await scene().open(mailbox, "imap")).toMatchObject({ kind: "unavailable" });
  });
});

test("an account without a server for the protocol says so", async () => {
  const mailbox = mailboxAt("imap", { host: "localhost", port: 1, security: "tls" });
  expect(await scene().open(mailbox, "pop")).toEqual({
    kind: "needed",
    words: `${ADDRESS} has no POP3 server`,
    hint: `mailkey show ${ADDRESS}`,
    code: "ERR_CONFIG",
  });
});

test("connections are set up so many at a time, and one server's hold up no other's", async () => {
  let greet: (() => void) | undefined;
  const allowed = new Promise<void>((resolve) => {
    greet = resolve;
  });
  let connected = 0;
  const slow = await serve("imap", async (peer) => {
    connected += 1;
    await allowed;
    await imapServer()(peer);
  });
  const quick = await serve("imap", imapServer());
  const world = scene();
  world.proxy.limits = { ...world.proxy.limits, handshakes: 2 } as never;
  const waiting = [1, 2, 3].map(() => world.opened(slow.mailbox, "imap"));
  await until(() => connected === 2 || undefined);
  await world.opened(quick.mailbox, "imap");
  expect(connected).toBe(2);
  greet?.();
  await Promise.all(waiting);
  expect(connected).toBe(3);
});

test("whoever waits behind a server that hangs waits no longer than for one login", async () => {
  let connected = 0;
  const { mailbox } = await serve("imap", (peer) => {
    connected += 1;
    return peer.readLine();
  });
  const world = scene({ loginTimeoutMs: 500 });
  world.proxy.limits = { ...world.proxy.limits, handshakes: 1 } as never;
  const refusals = await Promise.all([1, 2, 3, 4].map(() => world.open(mailbox, "imap")));
  expect(refusals.map((refusal) => "kind" in refusal && refusal.kind)).toEqual(
    Array.from({ length: 4 }, () => "unavailable"),
  );
  expect(connected).toBe(1);
});
