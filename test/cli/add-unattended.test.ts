/** `mailkey add` without a person: which flags make which account, and which do not go together. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { granted, refused, startHostileServer, type HostileServer } from "../../lab/hostile.ts";
import { readAccount, accountPath, listAddresses } from "../../src/accounts/store.ts";
import { chooseProvider } from "../../src/cli/add-provider.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { microsoft } from "../../src/providers/data/microsoft.ts";
import { endpointsOfTenant } from "../../src/providers/tenant-endpoints.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";
import { makeClientCertificate } from "../support/client-certificate.ts";

const INFO = "info@contoso.example";
let server: HostileServer;
let context: FakeContext;
beforeAll(async () => {
  server = await startHostileServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.clear();
  context = fakeContext({ PATH: process.env["PATH"] ?? "", NODE_EXTRA_CA_CERTS: server.caFile });
  context.clock.wallMs = Date.now();
});
afterEach(() => context.dispose());

const add = (...words: string[]) =>
  runCommandLine(["add", INFO, "--no-test", "--provider=microsoft", ...words], context);
const application = () => [`--token-endpoint=${server.tokenEndpoint}`, "--app-only", "--client-id=app-1"];
const stored = () => readAccount(context.paths, INFO);

describe("an application", () => {
  test("is added with its secret where it lies, and asked with --json tells how", async () => {
    server.reply(granted({ refresh_token: undefined }));
    const secret = "--client-secret-command=echo s3cret";
    expect(await add(...application(), secret, "--client-expires=2030-01-31", "--json")).toBe(0);
    expect(JSON.parse(context.out())).toMatchObject({ flow: "client_credentials", signed_in_as: null });
    expect(stored()).toEqual({
      address: INFO,
      provider: "microsoft",
      grant: "client_credentials",
      client: { id: "app-1", secret: { command: "echo s3cret" }, expires: "2030-01-31" },
      endpoints: { ...endpointsOfTenant(microsoft, "contoso.example"), token: server.tokenEndpoint },
    });
  });

  test("may open all mailboxes of a domain, which nobody else may", async () => {
    server.reply(granted({ refresh_token: undefined }));
    const secret = "--client-secret-command=echo s3cret";
    expect(await add(...application(), secret, "--catch-all=contoso.example")).toBe(0);
    expect(stored()).toMatchObject({ grant: "client_credentials", catch_all: "contoso.example" });
    expect(await add("--replace", "--client-id=app-1", "--catch-all=contoso.example")).toBe(64);
    expect(context.err()).toContain('catch_all: is for grant = "client_credentials" only');
  });

  test("is added with a certificate, whose end status tells", async () => {
    const ends = new Date(context.clock.wallMs + 10 * 86_400_000);
    const validity = { notBefore: new Date(context.clock.wallMs - 86_400_000), notAfter: ends };
    const { keyFile, certificateFile } = await makeClientCertificate(context.home, "client", { validity });
    server.reply(granted({ refresh_token: undefined }));
    expect(await add(...application(), `--certificate=${certificateFile}`, `--key=${keyFile}`)).toBe(0);
    expect(stored()).toMatchObject({ client: { key: { file: keyFile, certificate: certificateFile } } });
    expect(await runCommandLine(["status"], context)).toBe(0);
    expect(context.out()).toMatch(/info@contoso\.example .* nobody +client [89] days .* client ends soon/);
    expect(context.out()).toContain("the secret or certificate of its client ends in");
  });

  test("that is refused leaves nothing behind, and keeps its secret to itself", async () => {
    server.reply(refused("invalid_client", "AADSTS7000222: the secret s3cret-of-app is expired"));
    expect(await add(...application(), "--client-secret-command=echo s3cret-of-app")).toBe(78);
    expect(listAddresses(context.paths)).toEqual([]);
    expect(context.err()).toContain("the client secret has ended");
    expect(context.err().replace("echo s3cret-of-app", "")).not.toContain("s3cret-of-app");
  });

  test("without proof of who it is is refused before anybody is asked", async () => {
    const asked = server.requests.length;
    expect(await add(...application())).toBe(64);
    expect(context.err()).toContain(`mailkey add ${INFO} --app-only --client-id app-1 --client-secret-file FILE`);
    expect(server.requests.length).toBe(asked);
  });

  test.each([
    [["--client=thunderbird"], "--client does not go with --app-only"],
    [["--flow=device"], "--flow does not go with --app-only"],
    [["--login-as=me@contoso.example"], "--login-as does not go with --app-only"],
    [["--service-account=x.json"], "--service-account does not go with --app-only"],
    [["--certificate=x", "--client-secret-file=y"], "a secret or a key, not both"],
    [["--certificate=x", "--key-passphrase-file=y", "--key-passphrase-command=z"], "exclude each other"],
    [["--certificate=x", "--client-expires=next year"], "client.expires: "],
  ])("is not added with %p", async (words, message) => {
    expect(await add(...application(), ...words)).toBe(64);
    expect(context.err()).toContain(message);
  });
});

describe("the organisation", () => {
  const ports = {
    fetch: () => Promise.reject(new Error("no network")),
    signal: AbortSignal.timeout(60_000),
    asker: undefined,
  };
  const endpoints = async (values: Record<string, string | boolean>) =>
    (await chooseProvider(INFO, { provider: "microsoft", ...values }, ports)).part.endpoints;

  test("of an application is that of the mailbox's domain, unless another is named", async () => {
    const token = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token";
    expect(await endpoints({ "app-only": true })).toMatchObject({ token });
    expect((await endpoints({ "app-only": true, tenant: "other.example" }))?.token).toContain("/other.example/");
    expect(await endpoints({})).toBeUndefined();
  });

  test("can be named for people as well: all endpoints are then its own, and the issuer stays", async () => {
    expect(await endpoints({ tenant: "contoso.example" })).toEqual({
      authorization: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize",
      token: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
      device: "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/devicecode",
    });
  });

  test.each(["../../evil", "a/b", "", "a b", "-x", "common?x="])("is not %p", async (tenant) => {
    expect(endpoints({ tenant })).rejects.toThrow("--tenant is the organisation's tenant id");
  });

  test("is for Microsoft", async () => {
    expect(endpoints({ tenant: "contoso.example", provider: "google" })).rejects.toThrow(
      "for Microsoft's organisations",
    );
  });
});

describe("a service account", () => {
  const writeKeyFile = () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keyFile = {
      type: "service_account",
      client_email: "robot@project.test",
      client_id: "123",
      private_key_id: "k",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      token_uri: server.tokenEndpoint.replace("https://", "https://oauth2.googleapis.com@"),
    };
    const file = join(context.home, "key.json");
    writeFileSync(file, JSON.stringify(keyFile), { mode: 0o600 });
    return file;
  };

  test("whose key file names a server of its own is added, and told so", async () => {
    server.reply(granted({ refresh_token: undefined }));
    await add("--provider=google", `--service-account=${writeKeyFile()}`);
    expect(context.err()).toMatch(/Its\s+key\s+file\s+names\s+(localhost|127\.0\.0\.1):\d+\s/);
  });

  test("whose token is revoked keeps its key, which is nowhere but in the vault", async () => {
    const file = writeKeyFile();
    server.reply(granted({ refresh_token: undefined, access_token: "first" }));
    const words = ["--provider=google", "--key-in-vault", `--token-endpoint=${server.tokenEndpoint}`];
    expect(await add(...words, `--service-account=${file}`)).toBe(0);
    rmSync(file);
    expect(await runCommandLine(["revoke", INFO, "--yes"], context)).toBe(0);
    server.reply(granted({ refresh_token: undefined, access_token: "second" }));
    expect(await runCommandLine(["token", INFO], context)).toBe(0);
    expect(context.out()).toEndWith("\nsecond\n");
  });

  test("of a provider that has none is refused", async () => {
    const file = join(context.home, "key.json");
    writeFileSync(file, "{}", { mode: 0o600 });
    expect(await add(`--service-account=${file}`)).toBe(78);
    expect(context.err()).toContain("it is no key file of a service account");
    expect(await add(`--service-account=${file}`, "--client-id=x")).toBe(64);
    expect(context.err()).toContain("--client-id does not go with --service-account");
  });

  test("has tokens for one mailbox each: they cannot be shared", async () => {
    const path = accountPath(context.paths, "robot@contoso.example");
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const text = 'address = "robot@contoso.example"\nprovider = "google"\nservice_account = "vault"\nclient.id = "1"\n';
    writeFileSync(path, text, { mode: 0o600 });
    expect(await add("--share=robot@contoso.example")).toBe(78);
    expect(context.err()).toContain(`mailkey add ${INFO} --replace --service-account FILE`);
  });
});

describe("sharing", () => {
  test("an account that is not there is refused, with the line that makes one", async () => {
    expect(await add("--share=me@contoso.example")).toBe(78);
    expect(context.err()).toContain("mailkey add me@contoso.example");
  });

  test("does not go with flags of a sign-in", async () => {
    expect(await add("--share=me@contoso.example", "--flow=device")).toBe(64);
    expect(context.err()).toContain("--flow does not go with --share");
  });
});
