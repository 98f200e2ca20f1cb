import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { isMailkeyError, type ErrorCode } from "../../src/errors.ts";
import type { Fetch } from "../../src/platform/http.ts";
import { discoverMetadata } from "../../src/providers/metadata.ts";

const ISSUER = "https://id.mail.example";

let server: Server;
/** Reaches the server on loopback as a TLS-terminating proxy in front of `ISSUER` would. */
let viaProxy: Fetch;

beforeAll(async () => {
  const provider = new Provider(ISSUER, {
    features: { deviceFlow: { enabled: true }, revocation: { enabled: true }, devInteractions: { enabled: false } },
    jwks: { keys: [await signingKey()] },
    cookies: { keys: ["loopback only"] },
  });
  Object.assign(provider, { proxy: true }); // Koa's: it believes the x-forwarded headers below
  const handle = provider.callback();
  server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  viaProxy = async (url, init) => {
    const { pathname, search } = new URL(url);
    const headers = new Headers(init?.headers);
    headers.set("x-forwarded-proto", "https");
    headers.set("x-forwarded-host", new URL(ISSUER).host);
    return fetch(`http://127.0.0.1:${port}${pathname}${search}`, { ...init, headers });
  };
});

afterAll(async () => {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
});

/** Answers each well-known path with a JSON document, and everything else with 404. */
function publishing(documents: Readonly<Record<string, unknown>>): Fetch & { asked: string[] } {
  const asked: string[] = [];
  const answer: Fetch = async (url) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    return pathname in documents ? Response.json(documents[pathname]) : new Response("not here", { status: 404 });
  };
  return Object.assign(answer, { asked });
}

async function failure(issuer: string, fetch: Fetch): Promise<ErrorCode | undefined> {
  try {
    await discoverMetadata(issuer, fetch);
    return undefined;
  } catch (error) {
    if (!isMailkeyError(error)) throw error;
    return error.code;
  }
}

describe("discoverMetadata", () => {
  test("reads the endpoints of a real authorization server", async () => {
    expect(await discoverMetadata(ISSUER, viaProxy)).toEqual({
      authorization: `${ISSUER}/auth`,
      token: `${ISSUER}/token`,
      device: `${ISSUER}/device/auth`,
      revocation: `${ISSUER}/token/revocation`,
      userinfo: `${ISSUER}/me`,
      issuer: ISSUER,
    });
  });

  test("falls back to RFC 8414, which puts the issuer's path last", async () => {
    const issuer = "https://id.example/tenant";
    const fetch = publishing({
      "/.well-known/oauth-authorization-server/tenant": { issuer, token_endpoint: `${issuer}/token` },
    });
    expect(await discoverMetadata(issuer, fetch)).toMatchObject({ token: `${issuer}/token`, issuer });
    expect(fetch.asked).toEqual([
      "/tenant/.well-known/openid-configuration",
      "/.well-known/oauth-authorization-server/tenant",
    ]);
  });

  test("refuses a server that calls itself by another name", async () => {
    expect(await failure("https://other.example", viaProxy)).toBe("ERR_PROVIDER_UNAVAILABLE");
    const fetch = publishing({
      "/.well-known/openid-configuration": { issuer: "https://evil.example", token_endpoint: "https://evil.example/t" },
      "/.well-known/oauth-authorization-server": {
        issuer: "https://id.example",
        token_endpoint: "https://id.example/t",
      },
    });
    expect(await failure("https://id.example", fetch)).toBe("ERR_PROVIDER_UNAVAILABLE");
    expect(fetch.asked).toHaveLength(1);
  });

  test.each(["http://id.example/token", "ftp://id.example", "token", 7, { href: "https://id.example" }])(
    "refuses the token endpoint %p",
    async (endpoint) => {
      const fetch = publishing({
        "/.well-known/openid-configuration": { issuer: "https://id.example", token_endpoint: endpoint },
      });
      expect(await failure("https://id.example", fetch)).toBe("ERR_CONFIG");
    },
  );

  test("refuses metadata without a token endpoint", async () => {
    const fetch = publishing({ "/.well-known/openid-configuration": { issuer: "https://id.example" } });
    expect(await failure("https://id.example", fetch)).toBe("ERR_CONFIG");
  });

  test.each([
    "http://id.example",
    "id.example",
    "",
    "https://id.example?x=1",
    "https://id.example#x",
    "https://a@id.example",
  ])("refuses %p as an issuer without asking anybody", async (issuer) => {
    const fetch = publishing({});
    expect(await failure(issuer, fetch)).toBe("ERR_CONFIG");
    expect(fetch.asked).toEqual([]);
  });

  test.each<[string, () => Promise<Response>]>([
    ["nothing there", async () => new Response("", { status: 404 })],
    ["HTML", async () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["broken JSON", async () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["JSON of another kind", async () => Response.json([1])],
    ["a redirect", async () => new Response(null, { status: 302, headers: { location: "http://evil.example" } })],
    ["no network", async () => Promise.reject(new TypeError("fetch failed"))],
  ])("says that the provider is unavailable: %s", async (_, fetch) => {
    expect(await failure("https://id.example", fetch)).toBe("ERR_PROVIDER_UNAVAILABLE");
  });

  test("ends with the reason of an interruption", async () => {
    const interruption = new AbortController();
    interruption.abort(new Error("interrupted"));
    const outcome = discoverMetadata("https://id.example", heeding, interruption.signal);
    expect(String(await outcome.catch((reason: unknown) => reason))).toBe("Error: interrupted");
  });
});

const heeding: Fetch = async (_, init) => {
  init?.signal?.throwIfAborted();
  throw new Error("the signal was not handed on");
};

async function signingKey(): Promise<JsonWebKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  return { ...(await crypto.subtle.exportKey("jwk", pair.privateKey)), alg: "ES256" };
}
