/** The proxy's connections to mail servers, with servers that do what they are told and tokens that a test hands out. */
import { afterEach, beforeAll } from "bun:test";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { defaultConfig } from "../../../src/accounts/config.ts";
import type { ProxyConfig } from "../../../src/accounts/proxy-config.ts";
import type { MailProtocol } from "../../../src/mail/report.ts";
import { Secret } from "../../../src/platform/secret.ts";
import type { Mailbox } from "../../../src/proxy/mailboxes.ts";
import type { TokenWish } from "../../../src/proxy/tokens.ts";
import { MailUpstream } from "../../../src/proxy/upstream/open.ts";
import type { Opened, UpstreamRequest } from "../../../src/proxy/upstream/upstream.ts";
import { createAuthority, type ServerIdentity, type TestAuthority } from "../../mail/certificates.ts";
import { startStub, type Peer, type StubOptions, type StubServer } from "../../mail/stub-server.ts";

export const ADDRESS = "anna@example.test";

export interface Scene {
  readonly upstream: MailUpstream;
  /** What was asked for, in order. */
  readonly wishes: TokenWish[];
  /** Answers each wish; `token-1`, `token-2`, … unless given. */
  tokens: (wish: TokenWish) => Promise<Secret> | Secret;
  /** Replaces the certificates that are trusted. */
  readonly trust: (pem: string) => void;
  readonly proxy: { -readonly [K in keyof ProxyConfig]?: ProxyConfig[K] };
  readonly open: (
    mailbox: Mailbox,
    protocol: MailProtocol,
    more?: Partial<UpstreamRequest>,
  ) => ReturnType<MailUpstream["open"]>;
  /** The connection, which has to be one. */
  readonly opened: (mailbox: Mailbox, protocol: MailProtocol, more?: Partial<UpstreamRequest>) => Promise<Opened>;
}

/** To be called at the top of a test file. */
export function useUpstream() {
  const servers: StubServer[] = [];
  const sockets: Opened["socket"][] = [];
  const folders: string[] = [];
  const halfOpen: Server[] = [];
  const authority = {} as { made: TestAuthority; identity: ServerIdentity };
  beforeAll(async () => {
    authority.made = await createAuthority();
    authority.identity = await authority.made.issue(["localhost"]);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const server of halfOpen.splice(0)) server.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A server that plays, for the mailbox that is returned along with it. */
  async function serve(
    protocol: MailProtocol,
    play: (peer: Peer) => unknown,
    { security = "tls" }: Partial<Pick<StubOptions, "security">> = {},
  ): Promise<{ readonly server: StubServer; readonly mailbox: Mailbox }> {
    const server = await startStub({ security, tls: authority.identity }, play);
    servers.push(server);
    const address = { host: "localhost", port: server.port, security };
    return { server, mailbox: mailboxAt(protocol, address) };
  }

  /** An IMAP server that goes on when its client has ended. */
  async function serveHalfOpen(connected: (socket: TLSSocket) => void): Promise<Mailbox> {
    const server = createServer({ ...authority.identity, allowHalfOpen: true }, connected);
    halfOpen.push(server);
    server.listen(0, "localhost");
    await once(server, "listening");
    return mailboxAt("imap", { host: "localhost", port: (server.address() as AddressInfo).port, security: "tls" });
  }

  function scene({ trusting = true, loginTimeoutMs = 30_000 } = {}): Scene {
    const folder = mkdtempSync(join(tmpdir(), "mailkey-test-"));
    folders.push(folder);
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, authority.made.ca);
    const usual = defaultConfig({});
    const proxy = {};
    const wishes: TokenWish[] = [];
    const made: Scene = {
      wishes,
      trust: (pem) => writeFileSync(caFile, pem),
      proxy,
      tokens: () => new Secret(`token-${wishes.length}`),
      upstream: new MailUpstream({
        env: {},
        loginTimeoutMs,
        config: () => ({ ...usual, proxy: { ...usual.proxy, ...proxy }, caFile: trusting ? caFile : undefined }),
        tokens: {
          async get(wish) {
            wishes.push(wish);
            return made.tokens(wish);
          },
        },
      }),
      open: (mailbox, protocol, more = {}) =>
        made.upstream.open({ protocol, mailbox, signal: new AbortController().signal, ...more }),
      opened: async (mailbox, protocol, more) => {
        const opened = await made.open(mailbox, protocol, more);
        if (!("socket" in opened)) throw new Error(JSON.stringify(opened));
        sockets.push(opened.socket);
        return opened;
      },
    };
    return made;
  }

  return { serve, serveHalfOpen, scene, authority };
}

export function mailboxAt(protocol: MailProtocol, server: NonNullable<Mailbox["servers"][MailProtocol]>): Mailbox {
  return {
    address: ADDRESS,
    account: ADDRESS,
    user: ADDRESS,
    servers: { [protocol]: server },
    mechanisms: {},
    resources: { [protocol]: "mail" },
  };
}

/** The token in an initial response. */
export function tokenIn(encoded: string): string {
  return /auth=Bearer ([^\u0001]*)/.exec(Buffer.from(encoded, "base64").toString("utf8"))?.[1] ?? "none";
}

/** An IMAP server that lets in who has one of `tokens`, and then sends `after`. */
export function imapServer({ tokens = /./, after = "" }: { tokens?: RegExp; after?: string } = {}) {
  return async (peer: Peer) => {
    peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
    const [tag = "", , , response = ""] = (await peer.readLine()).split(" ");
    if (!tokens.test(tokenIn(response))) {
      peer.send(`+ ${Buffer.from('{"status":"401"}').toString("base64")}\r\n`);
      await peer.readLine();
      peer.send(`${tag} NO [AUTHENTICATIONFAILED] that token is no good\r\n`);
      return;
    }
    peer.send(`${tag} OK [CAPABILITY IMAP4rev1 IDLE Namespace] welcome anna\r\n${after}`);
  };
}

/** An SMTP server that lets everybody in. */
export async function playSmtp(peer: Peer, greets = true): Promise<void> {
  if (greets) peer.send("220 hi\r\n");
  await peer.readLine();
  peer.send("250-smtp.example.test\r\n250-SIZE 1000\r\n250-AUTH XOAUTH2\r\n250 8BITMIME\r\n");
  await peer.readLine();
  peer.send("235 2.7.0 Authentication successful\r\n");
}
