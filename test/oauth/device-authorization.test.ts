import { describe, expect, test } from "bun:test";
import { deviceSignIn } from "../../lab/browser.ts";
import { THUNDERBIRD_CLIENT_ID } from "../../lab/registrations.ts";
import { startWorld } from "../../lab/world.ts";
import {
  pollForToken,
  startDeviceAuthorization,
  type DeviceAuthorization,
} from "../../src/oauth/device-authorization.ts";
import type { OAuthServer } from "../../src/oauth/parties.ts";
import { createFetch, type Fetch } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { FakeClock } from "../support/fake-clock.ts";

const CLIENT = { id: "client-1" };
const SERVER: OAuthServer = {
  endpoints: { token: "https://login.example/token", device: "https://login.example/device" },
  issInResponse: false,
};
const DEVICE: DeviceAuthorization = {
  deviceCode: new Secret("device-code-1"),
  userCode: "ABCD-EFGH",
  verificationUri: "https://login.example/code",
  verificationUriComplete: undefined,
  expiresInSeconds: 900,
  intervalSeconds: 5,
  scope: "mail",
};
const PENDING = () => Response.json({ error: "authorization_pending" }, { status: 400 });
const SLOW_DOWN = () => Response.json({ error: "slow_down" }, { status: 400 });
const BUSY = () => new Response("busy", { status: 503 });
const HTML = () => new Response("<html>", { headers: { "content-type": "text/html" } });
const ECHO = () => Response.json({ error: "invalid_grant", error_description: "bad device-code-1" }, { status: 400 });
const GRANTED = () => Response.json({ access_token: "token-1", token_type: "bearer", refresh_token: "refresh-1" });

function offline(): Response {
  throw new TypeError("fetch failed");
}

/** Answers in turn, the last one for ever. */
function scripted(...replies: (() => Response)[]): Fetch {
  let next = 0;
  return async () => (replies[Math.min(next++, replies.length - 1)] ?? PENDING)();
}

async function poll(fetch: Fetch, device: Partial<DeviceAuthorization> = {}) {
  const clock = new FakeClock();
  const outcome = await pollForToken(SERVER, CLIENT, { ...DEVICE, ...device }, { fetch, clock });
  return { outcome, waits: clock.sleeps.map((ms) => ms / 1000) };
}

function ask(body: unknown, init: ResponseInit = {}) {
  return startDeviceAuthorization(SERVER, CLIENT, ["mail"], async () => Response.json(body, init));
}

describe("asking for a device code", () => {
  const answer = {
    device_code: "device-code-1",
    user_code: "ABCD-EFGH",
    verification_uri: "https://login.example/code",
    expires_in: 900,
    interval: 5,
  };

  test("gives what a person needs", async () => {
    expect(await ask(answer)).toMatchObject({
      kind: "started",
      device: { userCode: "ABCD-EFGH", intervalSeconds: 5 },
    });
  });

  test("takes numbers as strings, a missing interval and Google's spelling", async () => {
    const { interval: _none, verification_uri: uri, ...rest } = answer;
    const started = await ask({ ...rest, verification_url: uri, expires_in: "600" });
    expect(started).toMatchObject({ device: { verificationUri: uri, expiresInSeconds: 600, intervalSeconds: 5 } });
  });

  test.each([
    ["an HTML page", new Response("<html>Sign in</html>", { headers: { "content-type": "text/html" } })],
    ["a redirect", new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } })],
    ["not found", new Response("Not Found", { status: 404 })],
    ["a list", Response.json([1])],
    ["no user code", Response.json({ ...answer, user_code: "" })],
    ["an address that is not https", Response.json({ ...answer, verification_uri: "javascript:alert(1)" })],
  ])("says that the endpoint is unusable when it answers with %s", async (_title, response) => {
    const started = await startDeviceAuthorization(SERVER, CLIENT, ["mail"], async () => response);
    expect(started.kind).toBe("unusable");
  });

  test("says that a refusal is one", async () => {
    const started = await ask({ error: "unauthorized_client" }, { status: 400 });
    expect(started).toMatchObject({ kind: "permanent", error: "unauthorized_client" });
  });

  test("says that a server in trouble, or none, is a passing thing", async () => {
    expect(await ask({}, { status: 503, headers: { "retry-after": "7" } })).toMatchObject({
      kind: "transient",
      retryAfterMs: 7000,
    });
    const unreachable = await startDeviceAuthorization(SERVER, CLIENT, [], () =>
      Promise.reject(new Error("ECONNREFUSED")),
    );
    expect(unreachable.kind).toBe("transient");
  });

  test("takes control characters out of the user code", async () => {
    const started = await ask({ ...answer, user_code: "AB\u001b[2JCD" });
    expect(started).toMatchObject({ device: { userCode: "AB [2JCD" } });
  });
});

describe("polling", () => {
  test("goes on while the person is busy and ends with the token", async () => {
    const { outcome, waits } = await poll(scripted(PENDING, PENDING, GRANTED));
    expect(outcome.kind).toBe("granted");
    expect(waits).toEqual([5, 5, 5]);
  });

  test("waits five seconds more after every slow_down, for good", async () => {
    const { outcome, waits } = await poll(scripted(PENDING, SLOW_DOWN, PENDING, SLOW_DOWN, GRANTED));
    expect(outcome.kind).toBe("granted");
    expect(waits).toEqual([5, 5, 10, 10, 15]);
  });

  test("survives a network that comes and goes, asking less often", async () => {
    const { outcome, waits } = await poll(scripted(offline, BUSY, HTML, PENDING, GRANTED));
    expect(outcome.kind).toBe("granted");
    expect(waits).toEqual([5, 10, 20, 30, 30]);
  });

  test.each(["access_denied", "authorization_declined", "expired_token", "bad_verification_code"])(
    "ends with %s",
    async (error) => {
      const { outcome } = await poll(scripted(PENDING, () => Response.json({ error }, { status: 400 })));
      expect(outcome).toMatchObject({ kind: "permanent", error });
    },
  );

  test("ends by itself when the code has expired, whatever the server says", async () => {
    const { outcome, waits } = await poll(scripted(PENDING), { expiresInSeconds: 12 });
    expect(outcome).toEqual({ kind: "permanent", error: "expired_token" });
    expect(waits).toEqual([5, 5, 2]);
  });

  test("ends when the caller gives up, in the middle of a request too", async () => {
    const controller = new AbortController();
    const fetch: Fetch = async (_url, init) => {
      controller.abort(new Error("given up"));
      throw init?.signal?.reason ?? new Error("the signal did not reach the request");
    };
    const polling = pollForToken(SERVER, CLIENT, DEVICE, { fetch, clock: new FakeClock(), signal: controller.signal });
    expect(await polling.catch((reason: unknown) => String(reason))).toBe("Error: given up");
  });

  test("keeps the device code out of what a hostile server makes us say", async () => {
    const { outcome } = await poll(scripted(ECHO));
    expect(JSON.stringify(outcome)).not.toContain("device-code-1");
  });
});

test("the device flow signs in at a real authorization server", async () => {
  const world = await startWorld({ mail: "none" });
  try {
    const fetch = createFetch({ env: {}, caFile: world.caFile, timeoutMs: 10_000 });
    const server = { endpoints: world.endpoints, issInResponse: true };
    const client = { id: THUNDERBIRD_CLIENT_ID };
    const scopes = ["openid", "email", "offline_access", "https://outlook.office.com/SMTP.Send"];
    const start = await startDeviceAuthorization(server, client, scopes, fetch);
    if (start.kind !== "started") throw new Error(start.kind);
    const { verificationUri, userCode } = start.device;
    await deviceSignIn(verificationUri, userCode, { login: "anna@mail.test", caFile: world.caFile });
    const outcome = await pollForToken(server, client, start.device, { fetch, clock: new FakeClock() });
    expect(outcome).toMatchObject({ kind: "granted", grant: { claims: { email: "anna@mail.test" } } });
  } finally {
    await world.stop();
  }
});
