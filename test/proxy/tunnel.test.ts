/** The tunnel between a client and its mailbox: what passes, and how each end of it is handed on. */
import { afterEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { MailProtocol } from "../../src/mail/report.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { Mailbox } from "../../src/proxy/mailboxes.ts";
import { runTunnel } from "../../src/proxy/tunnel.ts";
import { until } from "../support/until.ts";
import { ADDRESS, imapServer, useUpstream, type Scene } from "./upstream/world.ts";

const { serve, serveHalfOpen, scene } = useUpstream();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Client {
  readonly socket: Socket;
  readonly heard: () => string;
  /** Of the tunnel: it must not reject by itself. */
  readonly ended: Promise<unknown>;
  readonly stop: () => void;
}

/** A client of a tunnel to `mailbox`. */
async function dig(mailbox: Mailbox, protocol: MailProtocol = "imap", world: Scene = scene()): Promise<Client> {
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const arrival = once(listener, "connection");
  const socket = connect({ port: (listener.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
  const [tunnelSide] = (await arrival) as [Socket];
  listener.close();
  sockets.push(socket, tunnelSide);
  let heard = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    heard += text;
  });
  const stopping = new AbortController();
  const ports = { client: tunnelSide, upstream: world.upstream, protocol, signal: stopping.signal, idleMs: 60_000 };
  const ended = runTunnel(ports, async () => mailbox).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { socket, heard: () => heard, ended, stop: () => stopping.abort(new Error("enough")) };
}

/** A mail server that lets everybody in, and then does as a test says. */
async function letIn(play: (socket: TLSSocket) => void): Promise<Mailbox> {
  return serveHalfOpen((socket) => {
    socket.on("error", () => undefined);
    socket.write("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
    socket.once("data", () => {
      socket.write("A1 OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] welcome\r\n");
      play(socket);
    });
  });
}

const PREAUTH = `* PREAUTH [CAPABILITY IMAP4rev1 IDLE] mailkey: ${ADDRESS} is logged in\r\n`;

/** So often nothing more has been taken: it will not be. */
const LOOKS = 30;

describe("a tunnel", () => {
  test("hands on that its client says no more, and what the server says after that", async () => {
    const mailbox = await letIn((socket) => {
      let asked = "";
      socket.on("data", (bytes: Buffer) => {
        asked += bytes.toString();
      });
      socket.on("end", () => socket.end(`you asked: ${asked}`));
    });
    const { socket, heard, ended } = await dig(mailbox);
    socket.end("a NOOP\r\n");
    expect(await ended).toBeUndefined();
    await until(() => socket.readableEnded);
    expect(heard()).toStartWith(`${PREAUTH}you asked: a NOOP\r\n`);
  });

  test("tells its client when the server hangs up without a word, but not in the middle of a literal", async () => {
    for (const [last, farewell] of [
      ["* 1 EXISTS\r\n", /^\* BYE [^\r\n]+\r\n$/],
      ["* 1 FETCH (BODY[] {100}\r\nSubject: hal", /^$/],
    ] as const) {
      const { socket, heard, ended } = await dig(await letIn((server) => void server.end(last)));
      expect(await ended).toBeUndefined();
      await until(() => socket.readableEnded);
      expect(heard()).toStartWith(PREAUTH + last);
      expect(heard().slice(PREAUTH.length + last.length)).toMatch(farewell);
    }
  });

  test("makes the server wait while its client does not listen", async () => {
    const piece = Buffer.alloc(65_536, "x");
    const total = 512 * piece.length;
    let sent = 0;
    const mailbox = await letIn((server) => {
      const more = () => {
        for (let takes = true; takes && sent < total; sent += piece.length) takes = server.write(piece);
        if (sent < total) server.once("drain", more);
      };
      more();
    });
    const { socket, heard } = await dig(mailbox);
    socket.pause();
    let seen = { sent: -1, times: 0 };
    await until(() => {
      seen = { sent, times: seen.sent === sent && sent > 0 ? seen.times + 1 : 0 };
      return seen.times === LOOKS;
    });
    expect(sent).toBeLessThan(total);
    socket.resume();
    await until(() => heard().length >= PREAUTH.length + total);
  });

  test("ends when its client has gone before the mailbox was open", async () => {
    const { mailbox } = await serve("smtp", async (peer) => {
      peer.send("220 hi\r\n");
      await peer.readLine();
      peer.send("250-hi\r\n250 AUTH XOAUTH2\r\n");
      await peer.readLine();
      peer.send("235 welcome\r\n");
    });
    const world = scene();
    world.tokens = async () => {
      const [client, tunnelSide] = sockets.slice(-2);
      client?.resetAndDestroy();
      await until(() => tunnelSide?.resume().closed);
      return new Secret("token");
    };
    expect(await (await dig(mailbox, "smtp", world)).ended).toBeUndefined();
  });

  test("ends at once when it is told to, and hangs up on both", async () => {
    let server: TLSSocket | undefined;
    const { heard, ended, stop } = await dig(
      await letIn((socket) => {
        server = socket;
        socket.resume();
      }),
    );
    await until(() => heard().length > 0);
    stop();
    expect(await ended).toMatchObject({ message: "enough" });
    await until(() => server?.destroyed === true || server?.readableEnded === true);
  });
});

describe("a tunnel to a mailbox that does not open", () => {
  test("says why in the place of a greeting, and throws it", async () => {
    const { mailbox } = await serve("imap", imapServer({ tokens: /never/ }));
    const { heard, ended } = await dig(mailbox);
    expect(await ended).toMatchObject({ code: "ERR_MAIL_LOGIN" });
    await until(() => heard().endsWith("\r\n"));
    expect(heard()).toMatch(/^\* BYE the server refuses the login: [^\r\n]+\r\n$/);
  });

  test("has nothing asked of its client", async () => {
    const { mailbox, server } = await serve("smtp", () => undefined);
    await server.stop();
    const { heard, ended } = await dig(mailbox, "smtp");
    expect(await ended).toMatchObject({ code: "ERR_PROVIDER_UNAVAILABLE" });
    await until(() => heard().endsWith("\r\n"));
    expect(heard()).toMatch(/^421 4\.3\.0 [^\r\n]+\r\n$/);
  });
});
