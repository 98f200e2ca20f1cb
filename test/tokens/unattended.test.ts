/** The path of a token where nobody signs in: minted instead of refreshed, and otherwise as careful. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as jose from "jose";
import type { Account } from "../../src/accounts/account.ts";
import { MailkeyError } from "../../src/errors.ts";
import { makeClientCertificate } from "../support/client-certificate.ts";
import { writeSecretFile } from "../vault/support.ts";
import { ADDRESS, granted, Harness, refused } from "./harness.ts";

const HOUR_MS = 3_600_000;
const TENANT = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token";
let harness: Harness;
afterEach(() => harness.stop());

const minted = (change: Record<string, unknown> = {}) =>
  granted({ refresh_token: undefined, scope: undefined, ...change });
const value = async (promise: ReturnType<Harness["token"]>) => (await promise).token.value.reveal();
const failure = async (promise: Promise<unknown>): Promise<MailkeyError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MailkeyError)) throw new Error(`expected a MailkeyError, got ${String(error)}`);
  return error;
};

describe("an application", () => {
  const itself: Partial<Account> = { grant: "client_credentials" };
  const atMicrosoft: Partial<Account> = { ...itself, provider: "microsoft", endpoints: { token: TENANT }, scopes: {} };

  beforeEach(async () => {
    harness = await Harness.start({ secret: "vault" }, itself);
    await harness.vault.write(
      ADDRESS,
      new TextEncoder().encode(
        JSON.stringify({
          version: 1,
          signedInAt: harness.clock.now(),
          accessTokens: {},
          clientSecret: "s3cret-of-app",
        }),
      ),
    );
  });

  test("asks in its own name, and keeps token and secret", async () => {
    harness.replies.push(minted());
    expect(await value(harness.token())).toBe("access-2");
    expect(Object.fromEntries(harness.requests[0] ?? [])).toMatchObject({
      grant_type: "client_credentials",
      client_id: "client-1",
      client_secret: "s3cret-of-app",
    });
    expect(harness.requests[0]?.has("refresh_token")).toBe(false);
    expect(harness.stored()).toMatchObject({
      clientSecret: "s3cret-of-app",
      accessTokens: { outlook: { token: "access-2" } },
    });
  });

  test("is given the cached token as long as it lasts, and then a new one", async () => {
    harness.replies.push(minted(), minted({ access_token: "access-3" }));
    await harness.token();
    harness.clock.advance(2900 * 1000);
    expect((await harness.token()).source).toBe("cached");
    harness.clock.advance(101 * 1000);
    expect(await value(harness.token())).toBe("access-3");
  });

  test("needs nothing in the vault when its secret is elsewhere", async () => {
    harness.stop();
    harness = await Harness.start({ secret: { command: "echo printed-secret" } }, itself);
    harness.replies.push(minted());
    expect(await value(harness.token())).toBe("access-2");
    expect(harness.requests[0]?.get("client_secret")).toBe("printed-secret");
    expect(JSON.stringify(harness.stored())).not.toContain("printed-secret");
  });

  test("asked many times at once asks once", async () => {
    harness.clock.sleep = () => Bun.sleep(2);
    harness.replies.push(async () => {
      await Bun.sleep(30);
      return minted();
    });
    const values = await Promise.all(Array.from({ length: 5 }, () => value(harness.token())));
    expect(new Set(values)).toEqual(new Set(["access-2"]));
    expect(harness.requests).toHaveLength(1);
  });

  test("asks nobody when the token could not be kept", async () => {
    harness.vault.beforeWrite = () => {
      throw new MailkeyError("ERR_STORAGE", "cannot write: the file system is read-only");
    };
    expect((await failure(harness.token())).code).toBe("ERR_STORAGE");
    expect(harness.requests).toHaveLength(0);
  });

  test("outlasts an outage with the token that is still valid, and is never told to sign in", async () => {
    harness.replies.push(minted());
    await harness.token();
    harness.clock.advance(3100 * 1000);
    harness.replies.push(new Response("", { status: 503 }));
    expect((await harness.token()).source).toBe("stale");
    harness.clock.advance(HOUR_MS);
    harness.replies.push(...Array.from({ length: 30 }, () => new Response("", { status: 503 })));
    expect((await failure(harness.token())).code).toBe("ERR_PROVIDER_UNAVAILABLE");
  });

  test("is refused as a client, whatever the error, and asks again the next time: somebody may have mended it", async () => {
    harness.replies.push(refused("invalid_grant"), refused("invalid_client", "", 401), minted());
    expect((await failure(harness.token())).code).toBe("ERR_CLIENT_REJECTED");
    expect((await failure(harness.token())).code).toBe("ERR_CLIENT_REJECTED");
    expect(harness.stored().refused).toBeUndefined();
    expect(await value(harness.token())).toBe("access-2");
  });

  test("hears which command or page mends a refusal", async () => {
    const secret = { file: writeSecretFile(join(harness.home, "secret"), "s3cret-of-app\n") };
    const home = harness.home;
    harness = await Harness.start({ id: "00000000-aaaa", secret }, atMicrosoft);
    const consent = "https://login.microsoftonline.com/contoso.example/adminconsent?client_id=00000000-aaaa";
    const cases = [
      ["invalid_client", "AADSTS7000222: The provided client secret keys are expired.", `put it in ${home}/secret`],
      ["invalid_client", "AADSTS7000215: Invalid client secret provided.", "the secret's value (not its id)"],
      ["unauthorized_client", "AADSTS700016: Application was not found in the directory.", consent],
      ["invalid_grant", "AADSTS65001: The administrator has not consented.", consent],
      ["invalid_scope", "AADSTS70011: something else", `mailkey show ${ADDRESS}`],
    ] as const;
    for (const [error, words, hint] of cases) {
      harness.replies.push(refused(error, words));
      expect((await failure(harness.token())).hint).toContain(hint);
    }
  });

  test("that signs nothing is not sent after its clock", async () => {
    const date = new Date(harness.clock.wallMs + 600_000).toUTCString();
    harness.replies.push(Response.json({ error: "invalid_client" }, { status: 401, headers: { date } }));
    expect((await failure(harness.token())).hint).not.toContain("clock");
  });

  test("asks Microsoft for what it was granted, at its organisation's endpoint", async () => {
    harness = await Harness.start({ secret: { command: "echo printed-secret" } }, atMicrosoft);
    harness.replies.push(minted(), minted({ access_token: "graph-1" }));
    await harness.token();
    await harness.token({ resource: "graph" });
    expect(harness.requests.map((form) => form.get("scope"))).toEqual([
      "https://outlook.office365.com/.default",
      "https://graph.microsoft.com/.default",
    ]);
  });

  test.each(["common", "organizations", "consumers"])("is not sent to /%s, and told why", async (word) => {
    const endpoints = { token: TENANT.replace("contoso.example", word) };
    harness = await Harness.start({ secret: { command: "echo printed-secret" } }, { ...atMicrosoft, endpoints });
    const error = await failure(harness.token());
    expect([error.code, harness.requests.length]).toEqual(["ERR_CONFIG", 0]);
    expect(error.message).toContain(`/${word} (AADSTS9001023)`);
  });

  describe("that signs", () => {
    const assertions = () => harness.requests.map((form) => form.get("client_assertion") ?? "");

    async function signing(change = itself, kind: "rsa" | "ec" = "rsa") {
      harness.stop();
      harness = await Harness.start(); // for its folder, and the clock that the certificate has to fit
      const now = harness.clock.wallMs;
      const validity = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 90 * 24 * HOUR_MS) };
      const made = await makeClientCertificate(harness.home, "client", { kind, validity });
      const key = { file: made.keyFile, certificate: made.certificateFile };
      const { home } = harness;
      harness = await Harness.start({ id: "client-9", key }, change);
      return { ...made, home };
    }

    test("for Microsoft: PS256, the certificate's thumbprint, the token endpoint, five minutes, by this clock", async () => {
      const { certificatePem } = await signing(atMicrosoft);
      harness.replies.push(minted());
      await harness.token();
      const [assertion = ""] = assertions();
      const key = await jose.importX509(certificatePem, "PS256");
      const { payload, protectedHeader } = await jose.jwtVerify(assertion, key, {
        currentDate: new Date(harness.clock.wallMs),
        audience: TENANT,
        issuer: "client-9",
        subject: "client-9",
      });
      const seconds = Math.floor(harness.clock.wallMs / 1000);
      expect(payload).toMatchObject({ iat: seconds, nbf: seconds, exp: seconds + 300 });
      const der = Buffer.from(certificatePem.replace(/-----[^-]+-----|\s/g, ""), "base64");
      const thumbprint = new Bun.CryptoHasher("sha256").update(der).digest("base64url");
      expect(protectedHeader).toEqual({ alg: "PS256", typ: "JWT", "x5t#S256": thumbprint });
      expect(harness.requests[0]?.has("client_secret")).toBe(false);
    });

    test("elsewhere: RS256 or, with such a key, ES256; the issuer where it is known", async () => {
      const endpoints = { token: "https://login.example/token", issuer: "https://login.example" };
      for (const [kind, algorithm] of [
        ["rsa", "RS256"],
        ["ec", "ES256"],
      ] as const) {
        const { certificatePem } = await signing({ ...itself, endpoints }, kind);
        harness.replies.push(minted());
        await harness.token();
        const key = await jose.importX509(certificatePem, algorithm);
        const rules = { currentDate: new Date(harness.clock.wallMs), audience: "https://login.example" };
        const { protectedHeader } = await jose.jwtVerify(assertions()[0] ?? "", key, rules);
        expect(protectedHeader.alg).toBe(algorithm);
      }
    });

    test("signs anew for every attempt: servers take an assertion once", async () => {
      await signing();
      harness.replies.push(new Response("", { status: 503 }), minted());
      await harness.token();
      const ids = assertions().map((assertion) => jose.decodeJwt(assertion).jti);
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(2);
    });

    test("refreshes a person's sign-in with it as well", async () => {
      await signing({});
      await harness.seed();
      harness.clock.advance(2 * HOUR_MS);
      harness.replies.push(granted());
      await harness.token();
      expect(harness.requests[0]?.get("grant_type")).toBe("refresh_token");
      expect(jose.decodeJwt(assertions()[0] ?? "").iss).toBe("client-9");
    });

    test("hears of a wrong clock before anything else, and the assertion is in nobody's words", async () => {
      await signing(atMicrosoft);
      harness.replies.push(() => {
        const [assertion = ""] = assertions().slice(-1);
        const words = `AADSTS700027: expired: ${assertion} ${assertion.slice(0, 40)}`;
        const date = new Date(harness.clock.wallMs + 600_000).toUTCString();
        return Response.json({ error: "invalid_client", error_description: words }, { status: 401, headers: { date } });
      });
      const error = await failure(harness.token());
      expect(error.hint).toContain("this machine's clock is 600 s slow");
      expect(Bun.inspect(error)).not.toMatch(/eyJ[\w-]{8}/);
      harness.replies.push(refused("invalid_client", "AADSTS700027: no such key.", 401));
      expect((await failure(harness.token())).hint).toContain("upload the certificate");
    });
  });
});

describe("a service account", () => {
  let keys: { privateKey: KeyObject; publicKey: KeyObject };
  let file: string;

  beforeEach(async () => {
    keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
    harness = await Harness.start();
    file = writeSecretFile(join(harness.home, "key.json"), keyFile());
    harness = await Harness.start(
      { id: "1234567890" },
      { service_account: { file }, scopes: { mail: ["https://mail/"] } },
    );
  });

  const keyFile = (change: Record<string, unknown> = {}) =>
    JSON.stringify({
      type: "service_account",
      client_email: "robot@project.example",
      client_id: "1234567890",
      private_key_id: "key-1",
      private_key: keys.privateKey.export({ type: "pkcs8", format: "pem" }),
      token_uri: "https://login.example/token",
      ...change,
    });

  test("signs for the mailbox, and shows nothing else", async () => {
    harness.replies.push(minted());
    expect(await value(harness.token())).toBe("access-2");
    const [form] = harness.requests;
    expect([...(form?.keys() ?? [])].toSorted()).toEqual(["assertion", "grant_type"]);
    expect(form?.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jose.jwtVerify(form?.get("assertion") ?? "", keys.publicKey, {
      currentDate: new Date(harness.clock.wallMs),
    });
    const seconds = Math.floor(harness.clock.wallMs / 1000);
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT", kid: "key-1" });
    expect(payload).toEqual({
      iss: "robot@project.example",
      sub: ADDRESS,
      aud: "https://login.example/token",
      scope: "https://mail/",
      iat: seconds,
      exp: seconds + 300,
      jti: expect.any(String),
    });
  });

  test("signs for the user whom an alias belongs to, when the account names one", async () => {
    const account = { service_account: { file }, login: "primary@hotmail.example" };
    harness = await Harness.start({ id: "1234567890" }, account);
    harness.replies.push(minted());
    await harness.token();
    expect(jose.decodeJwt(harness.requests[0]?.get("assertion") ?? "").sub).toBe("primary@hotmail.example");
  });

  test("hears who has to delegate what to whom, and what else may be wrong", async () => {
    const cases = [
      [
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens",
        "delegate https://mail/ to client 1234567890 at",
      ],
      ["invalid_grant", "Invalid email or User ID", `is ${ADDRESS} a user`],
      ["invalid_grant", "Invalid JWT Signature.", "make a new one"],
    ] as const;
    for (const [error, words, hint] of cases) {
      harness.replies.push(refused(error, words));
      const found = await failure(harness.token());
      expect([found.code, found.hint]).toEqual(["ERR_CLIENT_REJECTED", expect.stringContaining(hint)]);
    }
  });

  test.each([
    ["is not JSON", () => '{"private_key":"-----BEGIN PRIVATE KEY-----\\nMIIsecretsecret', "it is not JSON"],
    ["is of another kind", () => keyFile({ type: "authorized_user" }), "see type"],
    ["lacks its key", () => keyFile({ private_key: undefined }), "see private_key"],
    [
      "has a damaged key",
      () => keyFile({ private_key: "-----BEGIN PRIVATE KEY-----\nMIIsecretsecret\n" }),
      "cannot be read",
    ],
    ["sends its assertion over http", () => keyFile({ token_uri: "http://login.example" }), "see token_uri"],
    ["is huge", () => `${keyFile()}${" ".repeat(70_000)}`, "is too large"],
  ])("whose file %s is told so, and nothing of it is quoted", async (_what, content, words) => {
    writeFileSync(file, content());
    const error = await failure(harness.token());
    expect(error.message).toContain(words);
    expect(Bun.inspect(error)).not.toMatch(/secretsecret|BEGIN PRIVATE|MII/);
    expect(harness.requests).toHaveLength(0);
  });

  test("prints no key and no assertion, traced or inspected", async () => {
    harness.replies.push(new Response("", { status: 500 }), minted());
    const answer = await harness.token();
    const seen = `${harness.traces.join("\n")} ${Bun.inspect(answer)} ${JSON.stringify(answer)} ${JSON.stringify(harness.stored())}`;
    expect(seen).not.toMatch(/MII|PRIVATE KEY|eyJ/);
    expect(harness.traces.length).toBeGreaterThan(1);
  });
});
