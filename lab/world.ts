/**
 * A whole mail world on loopback: an authorization server that behaves like Microsoft's, mail servers that accept its tokens, and
 * delivery of everything that is sent. Several can live at once. `stop`, or the end of this process, leaves nothing behind.
 *
 * The authorization server and the delivery run in this process, so that tests can bend and inspect them; Dovecot runs outside.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MailServer } from "../src/providers/provider.ts";
import {
  type Rotation,
  type ServerEndpoints,
  startAuthorizationServer,
  type TokenRequest,
} from "./authorization-server.ts";
import type { Organisation } from "./applications.ts";
import { makeCertificates } from "./certificates.ts";
import { deliverByLmtp, type SentMessage, startRelay } from "./delivery.ts";
import { type Dovecot, findDovecot, startDovecot } from "./dovecot.ts";
import { startGuardian } from "./guardian.ts";
import { startSubmission } from "./smtp.ts";

export interface WorldOptions {
  /** The mailbox people use in the examples; any other address works as well. */
  readonly address?: string;
  /** Lifetime of access tokens; 3600 unless given. */
  readonly accessTokenSeconds?: number;
  /** `every-use` unless given: the strictest. */
  readonly rotation?: Rotation;
  /**
   * `dovecot`: IMAP, POP3 and submission. `smtp`: submission only, from npm. `none`: only the authorization server, up in a
   * fraction of a second. Unless given: Dovecot where it is installed, otherwise `smtp`.
   */
  readonly mail?: "dovecot" | "smtp" | "none";
  /** Length of tokens; 43 unless given. Dovecot's submission takes up to about 720, its IMAP and POP3 at least 2,000. */
  readonly tokenCharacters?: number;
  /** Mailboxes that `organisation.openMailbox` can open to others than their owner. */
  readonly sharedMailboxes?: readonly string[];
  /** Whether Dovecot's IMAP offers COMPRESS; not unless given. */
  readonly compress?: boolean;
  /** Whether Dovecot's processes serve many logins, one after the other, for tests with hundreds of them; one each unless given. */
  readonly reuse?: boolean;
}

export interface World {
  /** Everything of the world is in here. Also a place for a test's own files: it is removed at the end. */
  readonly folder: string;
  readonly address: string;
  /** PEM file of the certificate authority that signed every server's certificate. */
  readonly caFile: string;
  readonly issuer: string;
  readonly endpoints: ServerEndpoints;
  /** Applications, service accounts and delegates. */
  readonly organisation: Organisation;
  /** Undefined where the world has no such server. */
  readonly servers: {
    readonly imap: MailServer | undefined;
    readonly pop: MailServer | undefined;
    readonly smtp: MailServer | undefined;
  };
  readonly mail: "dovecot" | "smtp" | "none";
  /** Folder with the mail server's log. */
  readonly logs: string;
  /** What a program needs in its environment to trust the world. */
  readonly environment: Readonly<Record<string, string>>;
  /** Every request that the token endpoint has answered, oldest first. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Every code, token and PKCE verifier of this world so far: what must turn up nowhere but where it is meant for. */
  readonly secrets: readonly string[];
  /** Those among them that are refresh tokens, used ones included. */
  readonly refreshTokens: readonly string[];
  /** How many refresh requests were answered, refused ones included, for one login or all. */
  refreshCount(login?: string): number;
  /** From now on, access tokens live this long. */
  setAccessTokenSeconds(seconds: number): void;
  setRotation(rotation: Rotation): void;
  /** All access tokens given out so far are refused from now on, although their holders were promised more. */
  expireNow(): void;
  /** All grants of a login are void, as after a changed password. */
  revokeGrants(login: string): void;
  /** How many refresh tokens of a login are stored and unused. */
  liveRefreshTokens(login: string): number;
  /** The authorization server refuses connections until `startAuthorizationServer`. */
  stopAuthorizationServer(): Promise<void>;
  startAuthorizationServer(): Promise<void>;
  /** Same port, same memory. */
  restartAuthorizationServer(): Promise<void>;
  /** Puts a message into the INBOX of each recipient. */
  deliver(message: SentMessage): Promise<void>;
  /** The messages in an address's INBOX, oldest first. */
  inbox(address: string): readonly string[];
  stop(): Promise<void>;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const mail = options.mail ?? (findDovecot() === undefined ? "smtp" : "dovecot");
  const folder = mkdtempSync(join(tmpdir(), "mailkey-lab-"));
  chmodSync(folder, 0o711); // the mail server's user has to pass through
  const cleanUp: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const step of cleanUp.splice(0).toReversed()) await step();
  };
  const guardian = startGuardian({ folder });
  cleanUp.push(() => guardian.stop());
  try {
    const certificates = await makeCertificates();
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, certificates.caPem);
    const authorization = await startAuthorizationServer({
      certificates,
      accessTokenSeconds: options.accessTokenSeconds ?? 3600,
      rotation: options.rotation ?? "every-use",
      tokenCharacters: options.tokenCharacters ?? 43,
    });
    cleanUp.push(() => authorization.stop());
    const { endpoints, store } = authorization;
    const introspectionEndpoint = endpoints.introspection;

    let dovecot: Dovecot | undefined;
    let submissionPort: number | undefined;
    const kept = new Map<string, string[]>();
    const deliver = async (message: SentMessage) => {
      if (dovecot !== undefined) return deliverByLmtp(dovecot.lmtpSocket, message);
      for (const to of message.to) kept.set(key(to), [...(kept.get(key(to)) ?? []), message.content]);
    };
    const logs = join(folder, "dovecot");
    mkdirSync(logs);
    if (mail === "dovecot") {
      const relay = await startRelay(deliver);
      cleanUp.push(() => relay.stop());
      const { sharedMailboxes = [], compress = false, reuse = false } = options;
      const started = await startDovecot({
        folder: logs,
        certificates,
        introspectionEndpoint,
        relayPort: relay.port,
        sharedMailboxes,
        compress,
        reuse,
      });
      cleanUp.push(() => started.stop());
      dovecot = started;
      submissionPort = started.submissionPort;
    } else if (mail === "smtp") {
      const submission = await startSubmission({ certificates, introspectionEndpoint, deliver });
      cleanUp.push(() => submission.stop());
      submissionPort = submission.port;
    }

    return {
      folder,
      address: options.address ?? "anna@mail.test",
      caFile,
      issuer: endpoints.issuer,
      endpoints,
      organisation: authorization.organisation,
      servers: {
        imap: server(dovecot?.imapPort, "tls"),
        pop: server(dovecot?.popPort, "tls"),
        smtp: server(submissionPort, "starttls"),
      },
      mail,
      logs,
      environment: { NODE_EXTRA_CA_CERTS: caFile },
      tokenRequests: authorization.tokenRequests,
      get secrets() {
        return store.secrets;
      },
      get refreshTokens() {
        return store.refreshTokens;
      },
      refreshCount: (login) =>
        authorization.tokenRequests.filter(
          (request) => request.grantType === "refresh_token" && (login === undefined || request.login === login),
        ).length,
      setAccessTokenSeconds(seconds) {
        authorization.accessTokenSeconds = seconds;
      },
      setRotation(rotation) {
        authorization.rotation = rotation;
      },
      expireNow: () => store.expireAccessTokens(),
      revokeGrants: (login) => store.revokeGrantsOf(login),
      liveRefreshTokens: (login) => store.liveRefreshTokens(login),
      stopAuthorizationServer: () => authorization.stop(),
      startAuthorizationServer: () => authorization.start(),
      async restartAuthorizationServer() {
        await authorization.stop();
        await authorization.start();
      },
      deliver,
      inbox: (address) => (dovecot === undefined ? (kept.get(key(address)) ?? []) : maildir(dovecot.maildirs, address)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function key(address: string): string {
  return address.toLowerCase();
}

function server(port: number | undefined, security: MailServer["security"]): MailServer | undefined {
  return port === undefined ? undefined : { host: "localhost", port, security };
}

/** Reads the files behind the mail server's back. Their names begin with the time of delivery. */
function maildir(maildirs: string, address: string): string[] {
  const files = ["new", "cur"].flatMap((part) => {
    const folder = join(maildirs, key(address), "Maildir", part);
    try {
      return readdirSync(folder).map((name) => ({ name, path: join(folder, name) }));
    } catch {
      return []; // nothing was ever delivered to that address
    }
  });
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ path }) => readFileSync(path, "latin1"));
}
