/**
 * An authorization server that misbehaves as told: for what the real one refuses to do. Each reply is used once, in order; an empty
 * queue answers 500, which no test can mistake for success.
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "./certificates.ts";
import { readAll } from "./delivery.ts";
import { startGuardian } from "./guardian.ts";

/** What to do with the next request. */
export type Reply =
  /** An answer as told. An object as `body` is sent as JSON, a string or bytes as they are. */
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Readonly<Record<string, unknown>> | string | Uint8Array;
      /** Milliseconds to wait before answering. */
      readonly delayMs?: number;
    }
  /** `silence`: never answer. `reset`: close the connection at once. `truncate`: close it in the middle of the answer. */
  | "silence"
  | "reset"
  | "truncate";

export interface HostileRequest {
  readonly path: string;
  /** The form's parameters. */
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
}

export interface HostileServer {
  readonly tokenEndpoint: string;
  readonly deviceEndpoint: string;
  readonly revocationEndpoint: string;
  readonly caFile: string;
  /** Appends replies to the queue, which all endpoints share. */
  reply(...replies: readonly Reply[]): void;
  /** Forgets replies that nobody came for. */
  clear(): void;
  /** Every request so far, oldest first. */
  readonly requests: readonly HostileRequest[];
  stop(): Promise<void>;
}

export async function startHostileServer(): Promise<HostileServer> {
  const certificates = await makeCertificates();
  const folder = mkdtempSync(join(tmpdir(), "mailkey-hostile-"));
  const guardian = startGuardian({ folder });
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, certificates.caPem);
  const queue: Reply[] = [];
  const requests: HostileRequest[] = [];
  const server = createServer({ key: certificates.keyPem, cert: certificates.certificatePem }, (request, response) => {
    receiveForm(request, response).catch(() => response.destroy()); // the client hung up while sending
  });
  const receiveForm = async (request: IncomingMessage, response: ServerResponse) => {
    const form = Object.fromEntries(new URLSearchParams(await readAll(request)));
    requests.push({ path: request.url ?? "", form, headers: request.headers });
    answer(response, queue.shift() ?? { status: 500, body: "no reply was prepared" });
  };
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    tokenEndpoint: `${origin}/token`,
    deviceEndpoint: `${origin}/devicecode`,
    revocationEndpoint: `${origin}/revoke`,
    caFile,
    reply: (...replies) => void queue.push(...replies),
    clear: () => void queue.splice(0),
    requests,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await guardian.stop();
    },
  };
}

/** A token answer that is all right; `changes` replaces members, `undefined` leaves one out. */
export function granted(changes: Readonly<Record<string, unknown>> = {}): Reply {
  return {
    body: {
      token_type: "Bearer",
      access_token: "hostile-access-9d41c7",
      refresh_token: "hostile-refresh-b82e06",
      expires_in: 3600,
      scope: "https://outlook.office.com/IMAP.AccessAsUser.All",
      ...changes,
    },
  };
}

/** An RFC 6749 error answer. */
export function refused(error: string, description?: string): Reply {
  return { status: 400, body: { error, ...(description === undefined ? {} : { error_description: description }) } };
}

/** Replies as real servers and the things between give them. */
export const REPLIES = {
  /** Microsoft's words for a refresh token that nobody used for 90 days. */
  unusedTooLong: {
    status: 400,
    body: {
      error: "invalid_grant",
      error_description:
        "AADSTS700082: The refresh token has expired due to inactivity. The token was issued on " +
        "2024-01-01T00:00:00.0000000Z and was inactive for 90.00:00:00. Trace ID: 00000000-0000-0000-0000-000000000000",
      error_codes: [700082],
      suberror: "token_expired",
    },
  },
  pending: refused("authorization_pending", "AADSTS70016: Pending end-user authorization."),
  slowDown: refused("slow_down"),
  unavailable: {
    status: 503,
    headers: { "retry-after": "1", "content-type": "text/html" },
    body: "<h1>Back soon</h1>",
  },
  tooMany: { status: 429, headers: { "retry-after": "1" }, body: { error: "temporarily_unavailable" } },
  /** A captive portal or a proxy answers in the server's place. */
  html: {
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<!doctype html><title>Welcome to the hotel</title>",
  },
  garbage: {
    status: 200,
    headers: { "content-type": "application/json" },
    body: new Uint8Array([0x7b, 0xff, 0x00, 0x1b]),
  },
  huge: { status: 200, headers: { "content-type": "application/json" }, body: " ".repeat(8 * 1024 * 1024) },
} as const satisfies Readonly<Record<string, Reply>>;

function answer(response: ServerResponse, reply: Reply): void {
  if (reply === "silence") return;
  if (reply === "reset") {
    response.socket?.destroy();
    return;
  }
  if (reply === "truncate") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"token_type":"Bearer","access_token":"half of an ans');
    setTimeout(() => response.socket?.destroy(), TRUNCATE_AFTER_MS);
    return;
  }
  setTimeout(() => send(response, reply), reply.delayMs ?? 0);
}

/** So that the first half has left before the connection goes. */
const TRUNCATE_AFTER_MS = 50;

function send(response: ServerResponse, { status = 200, headers = {}, body = "" }: Exclude<Reply, string>): void {
  if (typeof body === "string" || body instanceof Uint8Array) {
    response.writeHead(status, { "cache-control": "no-store", ...headers });
    response.end(body);
    return;
  }
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(JSON.stringify(body));
}
