import { afterEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { request as httpRequest } from "node:http";
import { createServer, connect } from "node:net";
import { networkInterfaces } from "node:os";
import { connect as tlsConnect } from "node:tls";
import { MailkeyError } from "../../src/errors.ts";
import { openLoopback, type Arrival, type Loopback } from "../../src/signin/loopback.ts";
import type { Page } from "../../src/signin/page.ts";

const DONE: Page = { tone: "good", title: "Signed in", text: ["You can close this page."] };
const QUERY = "?code=code-code-code&state=state-1";
const strangers: string[] = [];
const open: Loopback[] = [];
afterEach(() => {
  for (const loopback of open.splice(0)) loopback.close();
  strangers.length = 0;
});

const judge = (parameters: URLSearchParams) =>
  parameters.get("state") === "state-1" ? undefined : "it belongs to another attempt";

/** A listener that waits for `state-1`. */
async function listening(registered = "http://127.0.0.1") {
  const loopback = await openLoopback(registered, {
    nowMs: Date.now(),
    onStranger: (reason) => strangers.push(reason),
  });
  open.push(loopback);
  const controller = new AbortController();
  const arrival = loopback.wait(judge, controller.signal);
  arrival.catch(() => undefined);
  return { loopback, arrival, controller, port: Number(new URL(loopback.redirectUri).port) };
}

interface Reply {
  readonly status: number;
  readonly html: string;
}

function get(url: string, options: { host?: string; method?: string; address?: string } = {}): Promise<Reply> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: options.address ?? target.hostname.replace(/[[\]]/g, ""),
      port: target.port,
      path: target.pathname + target.search,
      method: options.method ?? "GET",
      agent: false,
      headers: { host: options.host ?? target.host },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let html = "";
      response.on("data", (chunk: Buffer) => (html += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, html }));
    });
    request.end();
  });
}

/** Sends bytes and gives back all that comes until the other end closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}

/** The browser's own visit still works: nobody who came before it has spoilt anything. */
async function finish(url: string, arrival: Promise<Arrival>): Promise<void> {
  const reply = get(url + (url.endsWith("/") ? "" : "/") + QUERY);
  const { parameters, answer } = await arrival;
  expect(parameters.get("code")).toBe("code-code-code");
  await answer(DONE);
  expect((await reply).html).toContain("<h1>Signed in</h1>");
}

function refused(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", () => resolve(true));
  });
}

describe("the listener", () => {
  test("takes the answer, shows the page that it is given, and is gone", async () => {
    const { loopback, arrival, port } = await listening();
    await finish(loopback.redirectUri, arrival);
    loopback.close();
    expect(await refused(port, "127.0.0.1")).toBe(true);
    expect(strangers).toEqual([]);
  });

  test("takes one answer only, even before the first one has its page", async () => {
    const { loopback, arrival, port } = await listening();
    const reply = get(`${loopback.redirectUri}/${QUERY}`);
    const { answer } = await arrival;
    expect(await refused(port, "127.0.0.1")).toBe(true);
    await answer(DONE);
    expect((await reply).status).toBe(200);
  });

  test("is reachable by loopback addresses only", async () => {
    const { port } = await listening("http://localhost");
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address !== undefined && !address.internal && !address.address.startsWith("fe80"));
    for (const address of others) expect(await refused(port, address?.address ?? "")).toBe(true);
    expect(await refused(port, "127.0.0.1")).toBe(false);
  });

  test("for localhost listens on IPv6 as well, where there is any", async () => {
    const { loopback, arrival, port } = await listening("http://localhost");
    const hasIpv6 = Object.values(networkInterfaces())
      .flat()
      .some((address) => address?.address === "::1");
    if (hasIpv6) {
      const reply = get(`${loopback.redirectUri}/${QUERY}`, { address: "::1" });
      await (await arrival).answer(DONE);
      expect((await reply).status).toBe(200);
    } else {
      expect(await refused(port, "::1")).toBe(true);
    }
  });

  test("uses the path and the port of the registered redirect", async () => {
    const port = await freePort();
    const { loopback, arrival } = await listening(`http://127.0.0.1:${port}/desktop`);
    expect(loopback.redirectUri).toBe(`http://127.0.0.1:${port}/desktop`);
    expect((await get(`http://127.0.0.1:${port}/${QUERY}`)).status).toBe(404);
    const reply = get(loopback.redirectUri + QUERY);
    await (await arrival).answer(DONE);
    expect((await reply).status).toBe(200);
  });

  test("says so when the registered port is taken", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    const port = typeof address === "object" ? address?.port : 0;
    const error = await openLoopback(`http://127.0.0.1:${port}`, { nowMs: 0 }).catch((thrown: unknown) => thrown);
    holder.close();
    expect(error).toBeInstanceOf(MailkeyError);
    expect((error as MailkeyError).message).toBe(`port ${port} is in use by another program`);
  });

  test("gives up when told to, and answers nobody afterwards", async () => {
    const { loopback, arrival, controller, port } = await listening();
    controller.abort(new Error("given up"));
    expect(await arrival.catch((reason: unknown) => String(reason))).toBe("Error: given up");
    loopback.close();
    expect(await refused(port, "127.0.0.1")).toBe(true);
  });
});

describe("a stranger changes nothing", () => {
  test.each<[string, string, { host?: string; method?: string }, number]>([
    ["asking for the favicon", "/favicon.ico", {}, 404],
    ["asking for another path", `/admin${QUERY}`, {}, 404],
    ["without parameters", "/", {}, 400],
    ["with another state", "/?code=x&state=state-2", {}, 400],
    ["with an error and no state", "/?error=access_denied", {}, 400],
    ["under a name rebound to 127.0.0.1", `/${QUERY}`, { host: "evil.example" }, 421],
    ["under localhost, where 127.0.0.1 was asked for", `/${QUERY}`, { host: "localhost" }, 421],
    ["with another method", `/${QUERY}`, { method: "POST" }, 405],
    ["asking ahead with HEAD", `/${QUERY}`, { method: "HEAD" }, 405],
  ])("%s", async (_title, path, options, status) => {
    const { loopback, arrival, port } = await listening();
    const host = options.host === undefined ? {} : { host: `${options.host}:${port}` };
    expect((await get(loopback.redirectUri + path, { ...options, ...host })).status).toBe(status);
    await finish(loopback.redirectUri, arrival);
  });

  test.each([
    [
      "with two Host headers",
      (host: string) => `GET /${QUERY} HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`,
    ],
    [
      "with the address as the request's target",
      (host: string) => `GET http://evil.example/${QUERY} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    ],
    [
      "with headers that do not end",
      (host: string) => `GET /${QUERY} HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(200_000)}\r\n\r\n`,
    ],
    ["with something that is not HTTP", () => "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n"],
    ["with a line that cannot be parsed", (host: string) => `GET /%zz%%%{}${QUERY} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
  ])("%s", async (_title, bytes) => {
    const { loopback, arrival, port } = await listening();
    const answer = await raw(port, bytes(`127.0.0.1:${port}`));
    expect(answer).not.toContain("200 OK");
    await finish(loopback.redirectUri, arrival);
  });

  test("keeping many connections open and saying nothing", async () => {
    const { loopback, arrival, port } = await listening();
    const sockets = Array.from({ length: 200 }, () => connect(port, "127.0.0.1"));
    await Promise.all(
      sockets.map(async (socket, index) => {
        socket.on("error", () => undefined);
        await new Promise((resolve) => socket.once("connect", resolve));
        if (index % 2 === 0) socket.write("GET / HTTP/1.1\r\nHos");
      }),
    );
    await finish(loopback.redirectUri, arrival);
    for (const socket of sockets) socket.destroy();
  });

  test("leaving before the page is there", async () => {
    const { loopback, arrival, port } = await listening();
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`GET /${QUERY} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    });
    socket.on("error", () => undefined);
    const { answer } = await arrival;
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
    await answer(DONE);
    loopback.close();
  });

  test("is told of a few times, not for ever", async () => {
    const { loopback } = await listening();
    for (let visit = 0; visit < 10; visit++) await get(`${loopback.redirectUri}/?state=x`);
    expect(strangers).toEqual(Array.from({ length: 3 }, () => "it belongs to another attempt"));
  });

  test("gets no word of theirs back unescaped", async () => {
    const { loopback } = await listening();
    const { html } = await get(`${loopback.redirectUri}/?error=%3Cscript%3E&error_description=%3Cscript%3E`);
    expect(html).not.toContain("<script");
  });
});

describe("the listener for an https redirect", () => {
  test("shows a certificate made for it, with the fingerprint it announces", async () => {
    const { loopback, arrival, port } = await listening("https://localhost");
    expect(loopback.redirectUri).toBe(`https://localhost:${port}`);
    const { certificate, html } = await getTls(
      port,
      `GET /${QUERY} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
      async () => (await arrival).answer(DONE),
    );
    expect(html).toContain("<h1>Signed in</h1>");
    expect(certificate.fingerprint256).toBe(loopback.fingerprint ?? "");
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(certificate.ca).toBe(false);
    expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThan(3 * 60 * 60 * 1000);
  });

  test("makes a new certificate and key every time", async () => {
    const [one, two] = [await listening("https://localhost"), await listening("https://localhost")];
    expect(one.loopback.fingerprint).not.toBe(two.loopback.fingerprint ?? "");
  });

  test("goes on after browsers that refuse the certificate, and after plain HTTP", async () => {
    const { arrival, port } = await listening("https://localhost");
    await new Promise((resolve) => {
      const socket = tlsConnect({ port, host: "127.0.0.1", servername: "localhost" });
      socket.on("error", resolve); // self-signed: this client does not go on
    });
    await raw(port, `GET /${QUERY} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
    const { html } = await getTls(port, `GET /${QUERY} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`, async () =>
      (await arrival).answer(DONE),
    );
    expect(html).toContain("Signed in");
  });
});

async function getTls(port: number, bytes: string, then: () => Promise<void>) {
  return new Promise<{ certificate: X509Certificate; html: string }>((resolve, reject) => {
    let html = "";
    let certificate: X509Certificate | undefined;
    const socket = tlsConnect({ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false }, () => {
      certificate = new X509Certificate(socket.getPeerCertificate().raw);
      socket.write(bytes);
      then().catch(reject);
    });
    socket.on("data", (chunk: Buffer) => (html += chunk.toString()));
    socket.on("error", reject);
    socket.on("close", () =>
      certificate === undefined ? reject(new Error("no certificate")) : resolve({ certificate, html }),
    );
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
