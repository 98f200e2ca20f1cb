/** A mail server's side of the proxy on loopback, with its accounts, passwords and mail server made up. */
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls, createSecureContext, createServer, type Server, type TLSSocket } from "node:tls";
import { makeCertificates } from "../../../lab/certificates.ts";
import { freePorts } from "../../../lab/ports.ts";
import type { ProxyService } from "../../../src/accounts/proxy-config.ts";
import type { ProxyEvent } from "../../../src/proxy/event.ts";
import { SPEECHES } from "../../../src/proxy/front/speeches.ts";
import type { Mailbox, Mailboxes } from "../../../src/proxy/mailboxes.ts";
import { Listeners } from "../../../src/proxy/serving/listeners.ts";
import { MailServer, type ServingSettings } from "../../../src/proxy/serving/mail-server.ts";
import type { Passwords } from "../../../src/proxy/passwords/passwords.ts";
import type { Upstream, UpstreamRequest } from "../../../src/proxy/upstream/upstream.ts";
import { until } from "../../support/until.ts";
import { Client } from "./client.ts";

export const USER = "anna@example.test";
export const PASSWORD = "right";
export const LOGIN = `a LOGIN ${USER} ${PASSWORD}\r\n`;

export type Settings = Omit<ServingSettings, "tls" | "limits"> & {
  readonly limits: Partial<ServingSettings["limits"]>;
};

export interface ServingWorld {
  readonly server: MailServer;
  readonly listeners: Listeners;
  readonly ports: Readonly<Record<ProxyService, number>>;
  readonly caPem: string;
  readonly events: ProxyEvent[];
  /** What has been asked of the mail server's connections so far. */
  readonly requests: UpstreamRequest[];
  /** The mail server's ends of connections, in the order in which they were opened. */
  readonly upstream: TLSSocket[];
  /** Told of each of them. */
  connected: (socket: TLSSocket) => void;
  /** Replaces how connections are opened. */
  open: Upstream["open"];
  /** Replaces how accounts are found. */
  find: Mailboxes["find"] | undefined;
  /** Replaces how passwords are verified. */
  verify: Passwords["verify"];
  readonly settings: (settings: Partial<Settings>) => void;
  readonly connect: (service?: ProxyService) => Promise<Client>;
  /** Without TLS, even where the service wants it. */
  readonly connectRaw: (service: ProxyService) => Promise<Client>;
  /** Logged in: with the mail server's end of it. */
  readonly logIn: () => Promise<{ readonly client: Client; readonly server: TLSSocket }>;
  readonly stop: () => Promise<void>;
}

const LIMITS = {
  sessions: 1000,
  sessionsPerAddress: 1000,
  sessionsPerAccount: 1000,
  lineBytes: 8192,
  loginMs: 20_000,
  idleMs: 60_000,
  handshakes: 16,
};

export async function startServing(given: Partial<Settings> = {}): Promise<ServingWorld> {
  const { caPem, certificatePem, keyPem } = await makeCertificates();
  const upstream: TLSSocket[] = [];
  const mail = createServer({ cert: certificatePem, key: keyPem, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    upstream.push(socket);
    world.connected(socket);
  });
  await listening(mail);
  const port = portOf(mail);
  const tls = createSecureContext({ cert: certificatePem, key: keyPem });
  const requests: UpstreamRequest[] = [];
  const events: ProxyEvent[] = [];
  const settingsOf = ({ limits = {}, requireTls = false }: Partial<Settings>): ServingSettings => ({
    limits: { ...LIMITS, ...limits },
    requireTls,
    tls,
  });
  const world = {
    async open({ signal }: UpstreamRequest) {
      const raw = connect({ port, host: "127.0.0.1", allowHalfOpen: true, signal });
      const socket = connectTls({ socket: raw, ca: caPem, servername: "localhost" });
      await once(socket, "secureConnect");
      socket.pause();
      return { socket, unread: new Uint8Array(), said: "hello", capabilities: ["IMAP4rev1", "IDLE"], extensions: [] };
    },
    find: undefined,
    verify: (_user, password) =>
      Promise.resolve(password.reveal() === PASSWORD ? { kind: "right", device: "scanner" } : { kind: "wrong" }),
    connected: () => undefined,
  } as Pick<ServingWorld, "open" | "find" | "verify" | "connected">;
  const server = new MailServer(
    {
      speeches: SPEECHES,
      passwords: { verify: (...login) => world.verify(...login) },
      mailboxes: {
        find: (user) => world.find?.(user) ?? Promise.resolve(mailboxOf(user)),
        all: () => Promise.resolve([mailboxOf(USER)]),
      },
      upstream: {
        open(request) {
          requests.push(request);
          return world.open(request);
        },
        extensions: () => Promise.resolve([]),
      },
      observe: (event) => void events.push(event),
    },
    settingsOf(given),
  );
  const listeners = new Listeners(server.accept, {});
  const [imap = 0, imaps = 0, pop = 0, pops = 0, smtp = 0, smtps = 0] = await freePorts(6);
  const ports = { imap, imaps, pop, pops, smtp, smtps };
  await listeners.set({ addresses: ["127.0.0.1"], remote: false, ports }, true);
  const clients: Client[] = [];
  const connectRaw = async (service: ProxyService) => {
    const client = await Client.connect(ports[service]);
    clients.push(client);
    return client;
  };
  const connectTo = async (service: ProxyService = "imap") => {
    const client = await Client.connect(ports[service], service.endsWith("s") ? caPem : undefined);
    clients.push(client);
    return client;
  };
  return Object.assign(world, {
    server,
    listeners,
    ports,
    caPem,
    events,
    requests,
    upstream,
    settings: (settings: Partial<Settings>) => {
      server.settings = settingsOf(settings);
    },
    connect: connectTo,
    connectRaw,
    async logIn() {
      const client = await connectTo();
      await client.reads(/^\* OK/m);
      const before = upstream.length;
      client.write(LOGIN);
      await client.reads(/^a OK/m);
      return { client, server: await until(() => upstream[before]) };
    },
    async stop() {
      for (const client of clients) client.socket.destroy();
      listeners.close();
      await server.stop(0);
      for (const socket of upstream) socket.destroy();
      mail.close();
    },
  });
}

function mailboxOf(user: string): Mailbox {
  return { address: user, account: user, user, servers: {}, mechanisms: {}, resources: {} };
}

async function listening(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
