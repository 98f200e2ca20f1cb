/** What a hostile or broken server does to any of the protocols; IMAP stands for all. */
import { describe, expect, test } from "bun:test";
import { createServer, type AddressInfo } from "node:net";
import { Secret } from "../../src/platform/secret.ts";
import { MailConnection } from "../../src/mail/connection.ts";
import { MailkeyError } from "../../src/errors.ts";
import { createAuthority, createSelfSigned, daysFromNow } from "./certificates.ts";
import { SHORT_MS, sawToken, useWorld, type Play } from "./harness.ts";

const { world, failingLogin, goodLogin } = useWorld();
const SCENE = { protocol: "imap" } as const;
const READY = "* OK [CAPABILITY SASL-IR AUTH=XOAUTH2] ready\r\n";
const silent: Play = (peer) => peer.readLine();

describe("TLS", () => {
  test("is refused when the certificate is self-signed, unknown, of another name, expired or not valid yet", async () => {
    const stranger = await (await createAuthority()).issue(["localhost"]);
    const bad = [
      await createSelfSigned(["localhost"]),
      stranger,
      await world.authority.issue(["mail.example.com"]),
      await world.authority.issue(["localhost"], daysFromNow(-9, -2)),
      await world.authority.issue(["localhost"], daysFromNow(2, 9)),
    ];
    for (const tls of bad) {
      for (const security of ["tls", "starttls"] as const) {
        const { report, received } = await failingLogin({ ...SCENE, security, tls }, async (peer) => {
          peer.send("* OK ready\r\n");
          const [tag = ""] = (await peer.readLine()).split(" ");
          const upgrade = peer.startTls();
          peer.send(`${tag} OK go\r\n`);
          await upgrade;
        });
        expect(report).toMatchObject({ stage: "tls", reason: "certificate" });
        expect(report.message).toContain("the server's certificate");
        expect(sawToken(received)).toBe(false);
      }
    }
  });

  test("is refused to an unknown authority when no certificates are given, whatever the environment says", async () => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const { report } = await failingLogin({ ...SCENE, certificates: undefined }, (peer) => peer.send(READY));
      expect(report).toMatchObject({ stage: "tls", reason: "certificate" });
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    }
  });

  test("verifies addresses as well as names", async () => {
    const onlyName = await world.authority.issue(["localhost"]);
    for (const [tls, reason] of [
      [world.identity, "no-mechanism"],
      [onlyName, "certificate"],
    ] as const) {
      const { report } = await failingLogin({ ...SCENE, tls, host: "127.0.0.1" }, (peer) =>
        peer.send("* OK [CAPABILITY AUTH=PLAIN] ready\r\n"),
      );
      expect(report.reason).toBe(reason);
    }
  });

  test("1.0 and 1.1 are refused", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
    const { report } = await failingLogin({ ...SCENE, tls: { ...world.identity, ...old } }, (peer) => peer.send(READY));
    expect(report.stage).toBe("tls");
    expect(["tls-failed", "closed"]).toContain(report.reason);
  });

  test("1.2 is accepted", async () => {
    const { report } = await goodLogin(
      { ...SCENE, tls: { ...world.identity, maxVersion: "TLSv1.2" } },
      async (peer) => {
        peer.send(READY);
        for (;;) peer.send(`${(await peer.readLine()).split(" ")[0]} OK done\r\n`);
      },
    );
    expect(report.tlsVersion).toBe("TLSv1.2");
  });

  test("with a server that speaks plain text at once fails with a reason", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("* OK this is not TLS at all\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { report } = await failingLogin(
      { ...SCENE, server: { host: "localhost", port: (server.address() as AddressInfo).port, security: "tls" } },
      silent,
    );
    server.close();
    expect(report.stage).toBe("tls");
    expect(["tls-failed", "closed"]).toContain(report.reason);
  });
});

describe("STARTTLS", () => {
  test("is refused when anything follows the server's answer in plain text, for all protocols", async () => {
    const injected: readonly (readonly ["imap" | "pop" | "smtp", Play])[] = [
      [
        "imap",
        async (peer) => {
          peer.send("* OK ready\r\n");
          const [tag = ""] = (await peer.readLine()).split(" ");
          peer.send(`${tag} OK go\r\n* CAPABILITY AUTH=XOAUTH2 SASL-IR\r\n`);
          await peer.readLine();
        },
      ],
      [
        "pop",
        async (peer) => {
          peer.send("+OK ready\r\n");
          await peer.readLine();
          peer.send("+OK go\r\n+");
          await peer.readLine();
        },
      ],
      [
        "smtp",
        async (peer) => {
          peer.send("220 ready\r\n");
          await peer.readLine();
          peer.send("250-hello\r\n250 STARTTLS\r\n");
          await peer.readLine();
          peer.send("220 go\r\n250-hello\r\n250 AUTH XOAUTH2\r\n");
          await peer.readLine();
        },
      ],
    ];
    for (const [protocol, play] of injected) {
      const { report, received } = await failingLogin({ protocol, security: "starttls" }, play);
      expect(report).toMatchObject({ stage: "tls", reason: "starttls-injection" });
      expect(sawToken(received)).toBe(false);
    }
  });

  test("does not take plain text that comes later for anything either", async () => {
    const { report, received } = await failingLogin({ ...SCENE, security: "starttls" }, async (peer) => {
      peer.send("* OK ready\r\n");
      const [tag = ""] = (await peer.readLine()).split(" ");
      peer.send(`${tag} OK go\r\n`);
      peer.socket.once("data", () => peer.send(READY)); // the client's hello has come
    });
    expect(report.stage).toBe("tls");
    expect(received).toHaveLength(1);
  });
});

describe("a server", () => {
  test("that cannot be reached is reported as such", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const refused = await failingLogin({ ...SCENE, server: { host: "127.0.0.1", port, security: "tls" } }, silent);
    expect(refused.report).toMatchObject({ stage: "connect", reason: "unreachable", message: "connection refused" });
    const unknown = await failingLogin(
      { ...SCENE, server: { host: "no-such-host.invalid", port: 993, security: "tls" } },
      silent,
    );
    expect(unknown.report).toMatchObject({ stage: "connect", reason: "unreachable" });
  });

  test("that keeps silent is left after the time-out, at any stage", async () => {
    const stages: readonly (readonly [stage: string, play: Play])[] = [
      ["greeting", silent],
      [
        "capabilities",
        async (peer) => {
          peer.send("* OK ready\r\n");
          await peer.readLine();
          await peer.readLine();
        },
      ],
      [
        "authentication",
        async (peer) => {
          peer.send(READY);
          await peer.readLine();
          await peer.readLine();
        },
      ],
    ];
    for (const [stage, play] of stages) {
      const { report } = await failingLogin({ ...SCENE, timeoutMs: SHORT_MS }, play);
      expect(report).toMatchObject({ stage, reason: "timeout" });
    }
  });

  test("that keeps silent instead of starting TLS is left after the time-out", async () => {
    const server = createServer((socket) => void socket.on("error", () => undefined).resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { report } = await failingLogin(
      {
        ...SCENE,
        timeoutMs: SHORT_MS,
        server: { host: "localhost", port: (server.address() as AddressInfo).port, security: "tls" },
      },
      silent,
    );
    server.close();
    expect(report).toMatchObject({ stage: "tls", reason: "timeout" });
  });

  test("that sends a byte at a time is understood", async () => {
    const { report } = await goodLogin(SCENE, async (peer) => {
      const drip = async (text: string) => {
        for (const character of text) {
          peer.send(character);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await drip(READY);
      for (;;) await drip(`${(await peer.readLine()).split(" ")[0]} OK done\r\n`);
    });
    expect(report.said).toBe("done");
  });

  test("that ends its lines with LF alone is understood", async () => {
    await goodLogin(SCENE, async (peer) => {
      peer.send(READY.replace("\r", ""));
      for (;;) peer.send(`${(await peer.readLine()).split(" ")[0]} OK done\n`);
    });
  });

  test("whose line does not end is left", async () => {
    const { report } = await failingLogin(SCENE, (peer) => flood(peer, Buffer.alloc(8192, "x")));
    expect(report).toMatchObject({ stage: "greeting", reason: "protocol" });
  });

  test("that never stops talking is left", async () => {
    const { report } = await failingLogin(SCENE, async (peer) => {
      peer.send("* OK ready\r\n");
      await flood(peer, Buffer.from("* OK still here\r\n".repeat(100)));
    });
    expect(report).toMatchObject({ stage: "capabilities", reason: "protocol" });
  });

  test("that sends garbage, or speaks another protocol, is reported with its words made harmless", async () => {
    for (const words of ["HTTP/1.1 400 Bad Request\r\n", "\u001b]0;owned\u0007\u001b[2J\r\n", "\0\x01\xff\xfe\n"]) {
      const { report } = await failingLogin(SCENE, (peer) => peer.send(Buffer.from(words, "latin1")));
      expect(report).toMatchObject({ stage: "greeting", reason: "protocol" });
      expect(report.said ?? "").not.toMatch(/[\u0000-\u001f\u007f]/);
    }
  });

  test("that hangs up or cuts the connection is reported, at any stage", async () => {
    for (const leave of ["end", "reset"] as const) {
      const early = await failingLogin(SCENE, (peer) => peer[leave]());
      expect(early.report).toMatchObject({ reason: "closed" });
      const late = await failingLogin(SCENE, async (peer) => {
        peer.send(READY);
        await peer.readLine();
        peer[leave]();
      });
      expect(late.report).toMatchObject({ stage: "authentication", reason: "closed" });
    }
  });

  test("that does not read is no trouble", async () => {
    const { report } = await failingLogin({ ...SCENE, timeoutMs: SHORT_MS }, (peer) => {
      peer.send(READY);
      peer.socket.pause();
    });
    expect(report).toMatchObject({ stage: "authentication", reason: "timeout" });
  });
});

describe("a login", () => {
  test("ends at once when the caller says so, before and in the middle", async () => {
    const before = await failingLogin({ ...SCENE, signal: AbortSignal.abort() }, silent);
    expect(before.report).toMatchObject({ stage: "connect", reason: "aborted" });
    const controller = new AbortController();
    const middle = await failingLogin({ ...SCENE, signal: controller.signal }, async (peer) => {
      peer.send(READY);
      await peer.readLine();
      controller.abort();
    });
    expect(middle.report).toMatchObject({ stage: "authentication", reason: "aborted" });
  });

  test("throws when the user name cannot be sent, before anything is connected", async () => {
    const error: unknown = await failingLogin({ ...SCENE, user: "me\r\nA2 DELETE INBOX" }, silent).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "ERR_CONFIG" });
  });
});

test("a connection sends one line at a time", async () => {
  const server = createServer((socket) => void socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const connection = await MailConnection.open({ host: "127.0.0.1", port, timeoutMs: 5000 });
  expect(() => connection.writeLine("A1 NOOP\r\nA2 LOGOUT")).toThrow(MailkeyError);
  expect(() => connection.writeLine(new Secret("x\n"))).toThrow(MailkeyError);
  connection.close();
  const error: unknown = await connection.readLine().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "ERR_MAIL_LOGIN" });
  await new Promise((resolve) => server.close(resolve));
});

/** Sends until the client has gone. */
async function flood(peer: Parameters<Play>[0], data: Uint8Array): Promise<void> {
  while (!peer.socket.destroyed) {
    if (peer.socket.write(data)) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise((resolve) => peer.socket.once("drain", resolve).once("close", resolve));
  }
}
