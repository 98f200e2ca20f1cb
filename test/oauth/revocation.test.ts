import { expect, test } from "bun:test";
import { revokeRefreshToken } from "../../src/oauth/revocation.ts";
import type { OAuthServer } from "../../src/oauth/parties.ts";
import { Secret } from "../../src/platform/secret.ts";

const SERVER: OAuthServer = { endpoints: { revocation: "https://login.example/revoke" }, issInResponse: false };
const TOKEN = new Secret("refresh-token-1");

function revoke(
  answer: () => Response | Promise<Response>,
  client: { id: string; secret?: Secret } = { id: "client-1" },
) {
  const sent: URLSearchParams[] = [];
  const outcome = revokeRefreshToken(SERVER, client, TOKEN, async (_url, init) => {
    sent.push(new URLSearchParams(init?.body as URLSearchParams));
    return answer();
  });
  return { outcome, sent };
}

test("revoking sends the token with its kind, and no secret for a public client", async () => {
  const { outcome, sent } = revoke(() => new Response(null, { status: 200 }));
  expect(await outcome).toEqual({ kind: "revoked" });
  expect(Object.fromEntries(sent[0] ?? [])).toEqual({
    client_id: "client-1",
    token: "refresh-token-1",
    token_type_hint: "refresh_token",
  });
});

test("revoking what is dead already counts as revoked", async () => {
  const { outcome } = revoke(() => Response.json({ error: "invalid_token" }, { status: 400 }));
  expect(await outcome).toEqual({ kind: "revoked" });
});

test("revoking says that a refusal is one, without the token in it", async () => {
  const { outcome } = revoke(() =>
    Response.json({ error: "invalid_client", error_description: "no refresh-token-1 for you" }, { status: 401 }),
  );
  expect(await outcome).toEqual({ kind: "permanent", error: "invalid_client", description: "no [redacted] for you" });
});

test.each([
  ["a server in trouble", () => new Response("", { status: 503, headers: { "retry-after": "3" } })],
  ["an HTML page", () => new Response("<html>", { status: 404 })],
  ["no network", () => Promise.reject(new TypeError("fetch failed"))],
])("revoking says that %s is a passing thing", async (_title, answer) => {
  expect((await revoke(answer).outcome).kind).toBe("transient");
});
