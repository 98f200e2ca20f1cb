import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { signIn as browse } from "../../lab/browser.ts";
import { THUNDERBIRD_CLIENT_ID, CONFIDENTIAL_CLIENT_ID, CONFIDENTIAL_CLIENT_SECRET } from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import {
  readRedirect,
  redeemCode,
  startAuthorization,
  type Authorization,
} from "../../src/oauth/authorization-code.ts";
import type { OAuthClient, OAuthServer } from "../../src/oauth/parties.ts";
import { createFetch, type Fetch } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";

const CLIENT = { id: "client-1" };
const ISSUER = "https://login.example";
const SERVER: OAuthServer = {
  endpoints: { authorization: `${ISSUER}/authorize?brand=mail`, token: `${ISSUER}/token`, issuer: ISSUER },
  issInResponse: false,
};
const REQUEST = { redirectUri: "http://localhost:4000", scopes: ["openid", "mail"] };

function answered(authorization: Authorization, more: Record<string, string> = {}): URLSearchParams {
  return new URLSearchParams({ code: "code-code-code", state: authorization.state, ...more });
}

/** A server that says back all that it is told. */
const echo: Fetch = async (_url, init) => {
  const body = new URLSearchParams(init?.body as URLSearchParams);
  return Response.json({ error: "invalid_grant", error_description: `you sent ${body.toString()}` }, { status: 400 });
};

describe("the authorization URL", () => {
  test("carries PKCE with S256, state, nonce and the provider's own parameters", async () => {
    const { url, verifier, state, nonce } = await startAuthorization(SERVER, CLIENT, {
      ...REQUEST,
      parameters: { access_type: "offline", state: "chosen by somebody else", code_challenge_method: "plain" },
      loginHint: "me@example.com",
    });
    const query = Object.fromEntries(url.searchParams);
    expect(query).toMatchObject({
      brand: "mail",
      access_type: "offline",
      client_id: "client-1",
      redirect_uri: "http://localhost:4000",
      response_type: "code",
      scope: "openid mail",
      code_challenge_method: "S256",
      code_challenge: createHash("sha256").update(verifier.reveal()).digest("base64url"),
      state,
      nonce: nonce ?? "",
      login_hint: "me@example.com",
    });
    expect(url.href).not.toContain(verifier.reveal());
  });

  test("differs in state, verifier and nonce from attempt to attempt", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => startAuthorization(SERVER, CLIENT, REQUEST)));
    expect(one?.state).not.toBe(two?.state ?? "");
    expect(one?.nonce).not.toBe(two?.nonce ?? "");
    expect(one?.verifier.reveal()).not.toBe(two?.verifier.reveal() ?? "");
  });

  test("asks for consent to other resources along with the token's own scopes", async () => {
    const authorization = await startAuthorization(SERVER, CLIENT, { ...REQUEST, otherScopes: ["graph"] });
    expect(authorization.url.searchParams.get("scope")).toBe("openid mail graph");
    expect(authorization.scope).toBe("openid mail");
  });
});

describe("a redirect", () => {
  test("with our state and a code is the answer", async () => {
    const authorization = await startAuthorization(SERVER, CLIENT, REQUEST);
    expect(readRedirect(SERVER, CLIENT, authorization, answered(authorization)).kind).toBe("code");
  });

  test.each([
    ["without a state", (query: URLSearchParams) => query.delete("state")],
    ["with another state", (query: URLSearchParams) => query.set("state", "x".repeat(43))],
    ["with a shorter state", (query: URLSearchParams) => query.set("state", "x")],
    ["with two states", (query: URLSearchParams) => query.append("state", "x")],
  ])("%s is somebody else's, whatever else it says", async (_title, spoil) => {
    const authorization = await startAuthorization(SERVER, CLIENT, REQUEST);
    for (const more of [{}, { error: "access_denied" }, { iss: ISSUER }]) {
      const query = answered(authorization, more);
      spoil(query);
      expect(readRedirect(SERVER, CLIENT, authorization, query).kind).toBe("foreign");
    }
  });

  test("with an error is a refusal, in the provider's words made harmless", async () => {
    const authorization = await startAuthorization(SERVER, CLIENT, REQUEST);
    const query = answered(authorization, {
      error: "access_denied",
      error_description: "AADSTS65004: User declined\u001b[2J to consent.\r\nTrace ID: 1",
    });
    query.delete("code");
    expect(readRedirect(SERVER, CLIENT, authorization, query)).toEqual({
      kind: "permanent",
      error: "access_denied",
      vendorCode: "AADSTS65004",
      description: "AADSTS65004: User declined [2J to consent. Trace ID: 1",
    });
  });

  test.each([
    ["another issuer", SERVER, { iss: "https://evil.example" }],
    ["no issuer where the provider always names itself", { ...SERVER, issInResponse: true }, {}],
    ["an empty code", SERVER, { code: "" }],
  ])("with our state but %s is not believed", async (_title, server, more) => {
    const authorization = await startAuthorization(server, CLIENT, REQUEST);
    const answer = readRedirect(server, CLIENT, authorization, answered(authorization, more));
    expect(answer).toMatchObject({ kind: "permanent", error: "invalid_response" });
  });

  test.each([
    ["https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "code"],
    ["https://login.microsoftonline.com/common/v2.0", "permanent"],
    ["https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0/x", "permanent"],
    ["https://evil.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "permanent"],
  ])("from %s is judged by Microsoft's issuer template", async (iss, kind) => {
    const issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const server = { ...SERVER, endpoints: { ...SERVER.endpoints, issuer } };
    const authorization = await startAuthorization(server, CLIENT, REQUEST);
    const answer = readRedirect(server, CLIENT, authorization, answered(authorization, { iss }));
    expect(answer.kind).toBe(kind as "code");
  });
});

describe("the exchange of the code", () => {
  let world: World;
  let fetch: Fetch;
  beforeAll(async () => {
    world = await startWorld({ mail: "none" });
    fetch = createFetch({ env: {}, caFile: world.caFile, timeoutMs: 10_000 });
  });
  afterAll(() => world.stop());

  const scopes = ["openid", "email", "offline_access", "https://outlook.office.com/SMTP.Send"];
  async function redirected(client: OAuthClient, redirectUri: string) {
    const server = { endpoints: world.endpoints, issInResponse: true };
    const authorization = await startAuthorization(server, client, { redirectUri, scopes });
    const { redirectUrl } = await browse(authorization.url.href, { login: "anna@mail.test", caFile: world.caFile });
    const answer = readRedirect(server, client, authorization, new URL(redirectUrl).searchParams);
    if (answer.kind !== "code") throw new Error(`no code: ${answer.kind}`);
    return { server, authorization, parameters: answer.parameters };
  }

  test("gives tokens and claims with a public client, no secret parameter sent", async () => {
    const client = { id: THUNDERBIRD_CLIENT_ID };
    const { server, authorization, parameters } = await redirected(client, "https://localhost");
    const outcome = await redeemCode(server, client, authorization, parameters, fetch);
    if (outcome.kind !== "granted") throw new Error(outcome.kind);
    expect(outcome.grant.refreshToken).toBeInstanceOf(Secret);
    expect(outcome.grant.claims).toMatchObject({
      preferred_username: "anna@mail.test",
      nonce: authorization.nonce ?? "",
    });
    expect(world.tokenRequests.at(-1)?.parameters).not.toContain("client_secret");
  });

  test("gives tokens with a confidential client", async () => {
    const client = { id: CONFIDENTIAL_CLIENT_ID, secret: new Secret(CONFIDENTIAL_CLIENT_SECRET) };
    const { server, authorization, parameters } = await redirected(client, "http://127.0.0.1:1");
    expect((await redeemCode(server, client, authorization, parameters, fetch)).kind).toBe("granted");
  });

  test("is refused with another attempt's verifier", async () => {
    const client = { id: THUNDERBIRD_CLIENT_ID };
    const { server, authorization, parameters } = await redirected(client, "https://localhost");
    const { verifier } = await startAuthorization(server, client, { redirectUri: "https://localhost", scopes });
    const outcome = await redeemCode(server, client, { ...authorization, verifier }, parameters, fetch);
    expect(outcome).toMatchObject({ kind: "permanent", error: "invalid_grant" });
  });

  test("is not believed when the ID token answers another attempt", async () => {
    const client = { id: THUNDERBIRD_CLIENT_ID };
    const { server, authorization, parameters } = await redirected(client, "https://localhost");
    const outcome = await redeemCode(server, client, { ...authorization, nonce: "another" }, parameters, fetch);
    expect(outcome.kind).not.toBe("granted");
  });

  test("names the token's scopes when the consent covered several resources", async () => {
    const authorization = await startAuthorization(SERVER, CLIENT, { ...REQUEST, otherScopes: ["graph"] });
    const answer = readRedirect(SERVER, CLIENT, authorization, answered(authorization));
    if (answer.kind !== "code") throw new Error(answer.kind);
    const sent: URLSearchParams[] = [];
    await redeemCode(SERVER, CLIENT, authorization, answer.parameters, async (_url, init) => {
      sent.push(new URLSearchParams(init?.body as URLSearchParams));
      return Response.json({ access_token: "t", token_type: "bearer" });
    });
    expect(sent.map((body) => body.get("scope"))).toEqual(["openid mail"]);
  });

  test("keeps code and verifier out of what a hostile server makes us say", async () => {
    const authorization = await startAuthorization(SERVER, CLIENT, REQUEST);
    const answer = readRedirect(SERVER, CLIENT, authorization, answered(authorization));
    if (answer.kind !== "code") throw new Error(answer.kind);
    const outcome = await redeemCode(SERVER, CLIENT, authorization, answer.parameters, echo);
    expect(outcome).toMatchObject({ kind: "permanent", error: "invalid_grant" });
    expect(JSON.stringify(outcome)).not.toContain("code-code-code");
    expect(JSON.stringify(outcome)).not.toContain(authorization.verifier.reveal());
  });
});
