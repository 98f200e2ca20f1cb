import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { deviceSignIn, signIn } from "../../lab/browser.ts";
import {
  CONFIDENTIAL_CLIENT_ID,
  CONFIDENTIAL_CLIENT_SECRET,
  MAIL_SCOPES,
  MAIL_SERVER_CLIENT_ID,
  MAIL_SERVER_CLIENT_SECRET,
  OWN_CLIENT_ID,
  THUNDERBIRD_CLIENT_ID,
} from "../../lab/registrations.ts";
import { obtainTokens, postForm, refresh, tokensOf } from "../../lab/token-client.ts";
import { startWorld, type World } from "../../lab/world.ts";

const VERIFIER = "0123456789012345678901234567890123456789012345";
const SCOPE = `openid email offline_access ${MAIL_SCOPES.imap}`;

let world: World;
beforeAll(async () => {
  world = await startWorld({ mail: "none" });
});
afterAll(() => world.stop());

describe("refresh tokens", () => {
  test("die with the whole grant when a used one is used again, if rotated at every use", async () => {
    world.setRotation("every-use");
    const first = await obtainTokens(world);
    const second = tokensOf(await refresh(world, first.refreshToken));
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(await isActive(second.accessToken)).toBe(true);
    expect(await refresh(world, first.refreshToken)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(await refresh(world, second.refreshToken)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect(await isActive(second.accessToken)).toBe(false);
  });

  test("stay good after use, if the server behaves like Microsoft", async () => {
    world.setRotation("keep-old-valid");
    const first = await obtainTokens(world, { login: "keeps@mail.test" });
    const second = tokensOf(await refresh(world, first.refreshToken));
    const again = tokensOf(await refresh(world, first.refreshToken));
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(again.refreshToken).not.toBe(second.refreshToken);
    tokensOf(await refresh(world, second.refreshToken));
    expect(world.liveRefreshTokens("keeps@mail.test")).toBe(4);
  });

  test("stay the same, if the server never rotates them", async () => {
    world.setRotation("never");
    const { refreshToken } = await obtainTokens(world);
    expect(tokensOf(await refresh(world, refreshToken)).refreshToken).toBe(refreshToken);
  });

  test("survive a restart of the server", async () => {
    const { refreshToken } = await obtainTokens(world);
    await world.stopAuthorizationServer();
    const refused = await refresh(world, refreshToken).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Error);
    await world.startAuthorizationServer();
    tokensOf(await refresh(world, refreshToken));
    await world.restartAuthorizationServer();
    tokensOf(await refresh(world, refreshToken));
  });

  test("can be revoked one by one and all at once", async () => {
    const one = await obtainTokens(world, { login: "leaves@mail.test" });
    const other = await obtainTokens(world, { login: "leaves@mail.test" });
    const form = { token: one.refreshToken, client_id: THUNDERBIRD_CLIENT_ID };
    expect(await postForm(world, world.endpoints.revocation, form)).toMatchObject({ status: 200 });
    expect(await refresh(world, one.refreshToken)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    tokensOf(await refresh(world, other.refreshToken));
    world.revokeGrants("leaves@mail.test");
    expect(await refresh(world, other.refreshToken)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });
});

describe("access tokens", () => {
  test("live as long as the world says at that moment", async () => {
    world.setRotation("never");
    const { refreshToken } = await obtainTokens(world);
    world.setAccessTokenSeconds(7);
    expect((await refresh(world, refreshToken)).body).toMatchObject({ expires_in: 7 });
    world.setAccessTokenSeconds(3600);
    expect((await refresh(world, refreshToken)).body).toMatchObject({ expires_in: 3600 });
  });

  test("are refused from the moment the world says so", async () => {
    const { accessToken } = await obtainTokens(world);
    expect(await isActive(accessToken)).toBe(true);
    world.expireNow();
    expect(await isActive(accessToken)).toBe(false);
    expect(await isActive((await obtainTokens(world)).accessToken)).toBe(true);
  });
});

describe("signing in", () => {
  test.each([
    [THUNDERBIRD_CLIENT_ID, "https://localhost"],
    [THUNDERBIRD_CLIENT_ID, "https://localhost:8443/"],
    [OWN_CLIENT_ID, "http://127.0.0.1:4711"],
    [OWN_CLIENT_ID, "http://[::1]:4711/"],
    [OWN_CLIENT_ID, "https://login.microsoftonline.com/common/oauth2/nativeclient"],
  ])("sends client %s back to %s with code, state and iss", async (clientId, redirectUri) => {
    const { redirectUrl } = await signIn(authorizationUrl({ client_id: clientId, redirect_uri: redirectUri }), anna());
    const { searchParams, origin } = new URL(redirectUrl);
    expect(origin).toBe(new URL(redirectUri).origin);
    expect(searchParams.get("code")).toMatch(/.{40}/);
    expect(searchParams.get("state")).toBe("a state");
    expect(searchParams.get("iss")).toBe(world.issuer);
  });

  test.each([
    ["another path", { redirect_uri: "http://localhost:4711/elsewhere" }],
    ["another host", { redirect_uri: "http://localhost.example:4711" }],
    ["another scheme", { redirect_uri: "https://127.0.0.1:4711" }],
    ["another client's redirect", { client_id: OWN_CLIENT_ID, redirect_uri: "https://localhost" }],
  ])("goes nowhere with %s", async (_what, changes) => {
    const problem = await signIn(authorizationUrl(changes), anna()).catch(String);
    expect(problem).toContain("redirect_uri");
  });

  test("without PKCE is refused", async () => {
    const { redirectUrl } = await signIn(authorizationUrl({ code_challenge: "", code_challenge_method: "" }), anna());
    expect(new URL(redirectUrl).searchParams.get("error")).toBe("invalid_request");
  });

  test("ends in access_denied when the person cancels", async () => {
    const { redirectUrl } = await signIn(authorizationUrl(), { ...anna(), consent: "deny" });
    expect(new URL(redirectUrl).searchParams.get("error")).toBe("access_denied");
  });

  test("names the person in the ID token, whatever tenant the path says", async () => {
    const url = authorizationUrl().replace("/common/", "/consumers/");
    const { redirectUrl } = await signIn(url, { ...anna(), login: "carl@mail.test" });
    const { body } = await redeem(redirectUrl, { client_id: THUNDERBIRD_CLIENT_ID });
    const claims: unknown = JSON.parse(
      Buffer.from(String(body["id_token"]).split(".")[1] ?? "", "base64url").toString(),
    );
    expect(claims).toMatchObject({
      iss: world.issuer,
      email: "carl@mail.test",
      preferred_username: "carl@mail.test",
      sub: "carl@mail.test",
    });
  });
});

describe("client authentication", () => {
  test("refuses a public client that sends a secret", async () => {
    const { redirectUrl } = await signIn(authorizationUrl(), anna());
    const form = { client_id: THUNDERBIRD_CLIENT_ID, client_secret: "none of my own" };
    expect(await redeem(redirectUrl, form)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  });

  test("wants a confidential client's secret", async () => {
    const url = authorizationUrl({ client_id: CONFIDENTIAL_CLIENT_ID, redirect_uri: "http://localhost:4711" });
    const redirect = { client_id: CONFIDENTIAL_CLIENT_ID, redirect_uri: "http://localhost:4711" };
    const { redirectUrl } = await signIn(url, anna());
    expect(await redeem(redirectUrl, redirect)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    const granted = await redeem(redirectUrl, { ...redirect, client_secret: CONFIDENTIAL_CLIENT_SECRET });
    expect(granted.status).toBe(200);
  });
});

describe("the device flow", () => {
  test("grants tokens when the person has typed the code", async () => {
    const { device_code: code = "", user_code: shown = "", verification_uri: uri = "" } = await askForDeviceCode();
    expect(await poll(code)).toMatchObject({ status: 400, body: { error: "authorization_pending" } });
    expect(await deviceSignIn(uri, shown, anna())).toContain("You are signed in");
    tokensOf(await poll(code));
  });

  test("ends in access_denied when the person cancels", async () => {
    const { device_code: code = "", user_code: shown = "", verification_uri: uri = "" } = await askForDeviceCode();
    await deviceSignIn(uri, shown, { ...anna(), consent: "deny" });
    expect(await poll(code)).toMatchObject({ status: 400, body: { error: "access_denied" } });
  });

  test("does not fall for a wrong code", async () => {
    const { device_code: code = "", verification_uri: uri = "" } = await askForDeviceCode();
    expect(await deviceSignIn(uri, "AAAA-AAAA", anna())).toContain("did not work");
    expect(await poll(code)).toMatchObject({ body: { error: "authorization_pending" } });
  });
});

test("counts refreshes with who asked and what was sent, and keeps no secret", async () => {
  world.setRotation("never");
  const { refreshToken } = await obtainTokens(world, { login: "counted@mail.test" });
  await refresh(world, refreshToken);
  await refresh(world, "not-a-refresh-token");
  expect(world.refreshCount("counted@mail.test")).toBe(1);
  expect(world.tokenRequests.at(-2)).toEqual({
    grantType: "refresh_token",
    clientId: THUNDERBIRD_CLIENT_ID,
    login: "counted@mail.test",
    status: 200,
    error: undefined,
    parameters: ["grant_type", "refresh_token", "client_id"],
  });
  expect(world.tokenRequests.at(-1)).toMatchObject({ status: 400, error: "invalid_grant" });
  expect(JSON.stringify(world.tokenRequests)).not.toContain(refreshToken);
});

test.each(["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])(
  "publishes its metadata at %s",
  async (path) => {
    const ca = await Bun.file(world.caFile).text();
    const response = await fetch(world.issuer + path, { tls: { ca } });
    expect(await response.json()).toMatchObject({
      issuer: world.issuer,
      token_endpoint: world.endpoints.token,
      device_authorization_endpoint: world.endpoints.device,
      revocation_endpoint: world.endpoints.revocation,
      authorization_response_iss_parameter_supported: true,
    });
  },
);

function anna() {
  return { login: world.address, caFile: world.caFile };
}

function authorizationUrl(changes: Readonly<Record<string, string>> = {}): string {
  const url = new URL(world.endpoints.authorization);
  const parameters = {
    client_id: THUNDERBIRD_CLIENT_ID,
    response_type: "code",
    redirect_uri: "https://localhost",
    scope: SCOPE,
    state: "a state",
    code_challenge: createHash("sha256").update(VERIFIER).digest("base64url"),
    code_challenge_method: "S256",
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== "") url.searchParams.set(name, value);
  return url.href;
}

function redeem(redirectUrl: string, form: Readonly<Record<string, string>>) {
  return postForm(world, world.endpoints.token, {
    grant_type: "authorization_code",
    code: new URL(redirectUrl).searchParams.get("code") ?? "",
    redirect_uri: "https://localhost",
    code_verifier: VERIFIER,
    ...form,
  });
}

async function askForDeviceCode(): Promise<Record<string, string>> {
  const { body } = await postForm(world, world.endpoints.device, { client_id: THUNDERBIRD_CLIENT_ID, scope: SCOPE });
  return body as Record<string, string>;
}

function poll(code: string) {
  return postForm(world, world.endpoints.token, {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: code,
    client_id: THUNDERBIRD_CLIENT_ID,
  });
}

async function isActive(token: string): Promise<unknown> {
  const { body } = await postForm(world, world.endpoints.introspection, {
    token,
    client_id: MAIL_SERVER_CLIENT_ID,
    client_secret: MAIL_SERVER_CLIENT_SECRET,
  });
  return body["active"];
}
