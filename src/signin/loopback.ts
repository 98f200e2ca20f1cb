/**
 * The listener that a browser is sent back to. It is bound to loopback addresses only, answers one request that carries the
 * right `state`, and is gone. Everybody else (favicons, port scanners, pages that rebind a name to 127.0.0.1, an old tab)
 * gets a page and changes nothing.
 *
 * @see RFC 8252 7.3, 8.3
 */
import type * as Http from "node:http";
import type { AddressInfo } from "node:net";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import type { LoopbackCertificate } from "./certificate.ts";
import { pageHeaders, renderPage, type Page } from "./page.ts";
import { redirectKind, withPort } from "./redirect.ts";

/** The one request that counts. The browser waits until it is answered. */
export interface Arrival {
  readonly parameters: URLSearchParams;
  /** Never fails: the browser may be gone. */
  readonly answer: (page: Page) => Promise<void>;
}

export interface Loopback {
  /** The redirect URI to ask for: as registered, with the port that is listened on. */
  readonly redirectUri: string;
  /** Of the certificate made for an https redirect. */
  readonly fingerprint: string | undefined;
  /**
   * Waits for the answer. `judge` says why parameters are somebody else's, or undefined when they are the ones.
   * Rejects with the signal's reason.
   */
  wait(judge: (parameters: URLSearchParams) => string | undefined, signal: AbortSignal): Promise<Arrival>;
  /** Idempotent; ends every connection that has asked for something. Silent ones end with the process, and keep nothing alive. */
  close(): void;
}

export interface LoopbackPorts {
  readonly nowMs: number;
  /** Told, in words for people, of the first few requests to the right place that were not the awaited one. */
  onStranger?(reason: string): void;
}

/** A browser sends its request at once; who takes longer keeps nobody waiting but itself. */
const REQUEST_TIMEOUT_MS = 10_000;
/** For the last page to reach the browser. */
const ANSWER_TIMEOUT_MS = 3000;
/** Codes of Microsoft's have 2 kB; headers of browsers with cookies for localhost are longer. */
const MAX_HEADER_BYTES = 32 * 1024;
const PORT_ATTEMPTS = 8;
const MAX_STRANGERS_TOLD = 3;

/**
 * @param registered a loopback redirect URI of the client's; with a port in it, that port is used
 * @throws ERR_SIGN_IN_FAILED when the port is taken
 */
export async function openLoopback(registered: string, ports: LoopbackPorts): Promise<Loopback> {
  const url = new URL(registered);
  const secure = redirectKind(registered) === "https";
  const tls = secure ? await (await import("./certificate.ts")).makeLoopbackCertificate(ports.nowMs) : undefined;
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1000,
    keepAlive: false,
  };
  const create = tls === undefined ? await plainServer(options) : await tlsServer(options, tls);
  const servers = await listenOn(hostsOf(url.hostname), Number(url.port), create);
  return new LoopbackListener(registered, servers, tls?.fingerprint, (reason) => ports.onStranger?.(reason));
}

async function plainServer(options: Http.ServerOptions): Promise<() => Http.Server> {
  const { createServer } = await import("node:http");
  return () => createServer(options);
}

async function tlsServer(options: Http.ServerOptions, tls: LoopbackCertificate): Promise<() => Http.Server> {
  const { createServer } = await import("node:https");
  return () => createServer({ ...options, key: tls.key, cert: tls.certificate, minVersion: "TLSv1.2" });
}

class LoopbackListener implements Loopback {
  readonly redirectUri: string;
  readonly fingerprint: string | undefined;
  readonly #target: URL;
  readonly #servers: readonly Http.Server[];
  readonly #onStranger: (reason: string) => void;
  #waiting:
    | { judge: (parameters: URLSearchParams) => string | undefined; accept: (arrival: Arrival) => void }
    | undefined;
  #strangersTold = 0;

  constructor(
    registered: string,
    servers: readonly Http.Server[],
    fingerprint: string | undefined,
    onStranger: (reason: string) => void,
  ) {
    const port = portOf(servers[0]);
    this.redirectUri = withPort(registered, port);
    this.fingerprint = fingerprint;
    this.#target = new URL(this.redirectUri);
    this.#servers = servers;
    this.#onStranger = onStranger;
    for (const server of servers) {
      server.on("request", (request, response) => this.#handle(request, response));
      server.on("clientError", (_error, socket) => socket.destroy()); // not HTTP: nothing to answer
    }
  }

  wait(judge: (parameters: URLSearchParams) => string | undefined, signal: AbortSignal): Promise<Arrival> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = () => {
        this.#waiting = undefined;
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting = {
        judge,
        accept: (arrival) => {
          signal.removeEventListener("abort", onAbort);
          resolve(arrival);
        },
      };
    });
  }

  close(): void {
    this.#waiting = undefined;
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  #handle(request: Http.IncomingMessage, response: Http.ServerResponse): void {
    request.resume(); // a body, if any, is of no interest
    const refusal = this.#refuseStranger(request);
    if (refusal !== undefined) return send(response, refusal.status, STRANGER_PAGE);
    const parameters = new URL(request.url ?? "/", this.#target).searchParams;
    const waiting = this.#waiting;
    const reason = waiting === undefined ? "the sign-in is over" : waiting.judge(parameters);
    if (waiting === undefined || reason !== undefined) {
      if (this.#strangersTold++ < MAX_STRANGERS_TOLD) this.#onStranger(reason ?? "");
      return send(response, 400, foreignPage(reason ?? ""));
    }
    this.#waiting = undefined;
    for (const server of this.#servers) server.close(); // the open connection stays until it is answered
    waiting.accept({ parameters, answer: (page) => sendAndWait(response, page) });
  }

  /** Who does not ask for the right thing by the right name is not the browser that was sent here. */
  #refuseStranger(request: Http.IncomingMessage): { status: number } | undefined {
    const hosts = request.rawHeaders.filter(
      (_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === "host",
    );
    if (hosts.length !== 1 || hosts[0]?.toLowerCase() !== this.#target.host) return { status: 421 };
    if (request.method !== "GET") return { status: 405 };
    const path = (request.url ?? "").split("?", 1)[0];
    return path === this.#target.pathname ? undefined : { status: 404 };
  }
}

const STRANGER_PAGE: Page = {
  tone: "neutral",
  title: "Nothing here",
  text: ["mailkey is waiting for a sign-in to finish, and this is not it."],
};

function foreignPage(reason: string): Page {
  return {
    tone: "neutral",
    title: "This is not the answer mailkey waits for",
    text: [
      `What arrived here cannot be used: ${reason}.`,
      "If you started to sign in more than once, go on in the newest tab, or open the address that the terminal shows.",
    ],
  };
}

function send(response: Http.ServerResponse, status: number, page: Page): void {
  response.on("error", () => undefined);
  response.writeHead(status, pageHeaders());
  response.end(renderPage(page));
}

function sendAndWait(response: Http.ServerResponse, page: Page): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    response.once("finish", done);
    response.once("close", done);
    send(response, 200, page);
  });
}

/** `localhost` may mean either family: a port that only one of them had could belong to a stranger on the other. */
function hostsOf(hostname: string): readonly [string, ...string[]] {
  if (hostname === "[::1]") return ["::1"];
  return hostname === "localhost" ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

/** Listens on the same port of every address; a machine without IPv6 does with IPv4. @param port 0 for any */
async function listenOn(
  hosts: readonly [string, ...string[]],
  port: number,
  create: () => Http.Server,
): Promise<readonly Http.Server[]> {
  for (let attempt = 1; ; attempt++) {
    const servers: Http.Server[] = [];
    try {
      for (const [index, host] of hosts.entries()) {
        try {
          servers.push(await listen(create(), host, index === 0 ? port : portOf(servers[0])));
        } catch (error) {
          const isMissing = ["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(systemErrorCode(error) ?? "");
          if (index === 0 || !isMissing) throw error;
        }
      }
      return servers;
    } catch (cause) {
      for (const server of servers) server.close();
      const isTaken = systemErrorCode(cause) === "EADDRINUSE";
      if (isTaken && port === 0 && attempt < PORT_ATTEMPTS) continue;
      const what =
        isTaken && port !== 0 ? `port ${port} is in use by another program` : "cannot listen on this machine";
      throw new MailkeyError("ERR_SIGN_IN_FAILED", what, { cause, hint: "--flow paste" });
    }
  }
}

function listen(server: Http.Server, host: string, port: number): Promise<Http.Server> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: host.includes(":") }, () => {
      server.off("error", reject);
      server.on("error", () => undefined); // a connection that fails to be accepted is the stranger's loss
      resolve(server);
    });
  });
}

function portOf(server: Http.Server | undefined): number {
  const address = server?.address() as AddressInfo | null | undefined;
  return address?.port ?? 0;
}
