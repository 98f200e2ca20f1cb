import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { loadAccount } from "../../src/accounts/resolve.ts";
import { listAddresses, readAccount } from "../../src/accounts/store.ts";
import { importCommand } from "../../src/cli/import.ts";
import { tokenPorts } from "../../src/cli/ports.ts";
import { report, runCommand } from "../../src/cli/run.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { getToken } from "../../src/tokens/get-token.ts";
import { CredentialStore } from "../../src/tokens/store.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";
import { CAT, editScript, localIso, scriptCopies, startStub, tokenFields, World, type Stub } from "./world.ts";

const THUNDERBIRD = "9e5f94bc-e8a4-4e73-b8be-63364c29d753";

let stub: Stub;
let world: World;
let fake: FakeContext;

beforeAll(async () => {
  stub = await startStub();
});
afterAll(() => stub.stop());
beforeEach(() => {
  world = new World();
  fake = fakeContext({ PATH: "/usr/bin:/bin" });
  stub.requests.length = 0;
  stub.answer = () => ({ body: { access_token: "access-1", refresh_token: "refresh-1", expires_in: 3600 } });
});
afterEach(() => {
  fake.dispose();
  world.remove();
});

function context() {
  return { ...fake, clock: systemClock };
}

async function importing(fields: Record<string, unknown>, ...flags: string[]): Promise<number> {
  world.write("tokens", JSON.stringify(tokenFields(fields)));
  return importingPresent("--decryption-pipe", "cat", ...flags);
}

async function importingPresent(...flags: string[]): Promise<number> {
  try {
    return await runCommand(importCommand, ["mutt-oauth2", world.tokenFile, ...flags], context());
  } catch (error) {
    return report(error, context(), false);
  }
}

async function credentialOf(address: string) {
  return (await new CredentialStore(tokenPorts(context()), address).load())?.credential;
}

function tokenOf(address: string) {
  return loadAccount(fake.paths, address).then((account) =>
    getToken({ ...tokenPorts(context()), createFetch: () => stub.fetch }, account),
  );
}

describe("mailkey import mutt-oauth2", () => {
  test("carries over address, own client and both tokens, and leaves the file as it is", async () => {
    const fields = tokenFields({ client_id: "my-own-client" });
    expect(await importing(fields)).toBe(0);
    expect(readAccount(fake.paths, "me@example.com")).toEqual({
      address: "me@example.com",
      provider: "microsoft",
      client: { id: "my-own-client" },
    });
    const { token, source } = await tokenOf("me@example.com");
    expect([source, token.value.reveal()]).toEqual(["cached", "access-0"]);
    expect(stub.requests).toHaveLength(0);
    expect(world.fields()).toEqual(fields);
    expect(fake.out()).toContain("my-own-client, your own registration");
    expect(fake.out()).toContain("Next: mailkey test me@example.com");
  });

  test("goes on with the refresh token when the access token is over", async () => {
    await importing({ access_token_expiration: localIso(-10) });
    expect((await credentialOf("me@example.com"))?.accessTokens).toEqual({});
    const { token, source } = await tokenOf("me@example.com");
    expect([source, token.value.reveal()]).toEqual(["refreshed", "access-1"]);
    expect(stub.requests[0]?.parameters.get("refresh_token")).toBe("refresh-0");
    expect(stub.requests[0]?.parameters.has("client_secret")).toBe(false);
  });

  test("puts a client secret into the vault, and neither the account file nor the screen shows it", async () => {
    await importing({ registration: "google", email: "me@gmail.com", client_secret: "GOCSPX-secret" });
    expect(readAccount(fake.paths, "me@gmail.com")).toMatchObject({ provider: "google", client: { secret: "vault" } });
    expect((await credentialOf("me@gmail.com"))?.clientSecret).toBe("GOCSPX-secret");
    const account = readFileSync(`${fake.paths.config}/accounts/me@gmail.com.toml`, "utf8");
    for (const text of [account, fake.out(), fake.err()]) {
      for (const secret of ["GOCSPX-secret", "access-0", "refresh-0"]) expect(text).not.toContain(secret);
    }
  });

  test("recognises private Microsoft mailboxes and known clients", async () => {
    await importing({ email: "Me@Hotmail.com", client_id: THUNDERBIRD }, "--json");
    expect(readAccount(fake.paths, "me@hotmail.com")).toMatchObject({
      address: "Me@Hotmail.com",
      provider: "microsoft-personal",
      client: { id: THUNDERBIRD, preset: "thunderbird" },
    });
    expect(JSON.parse(fake.out())).toMatchObject({
      accounts: [{ tool: "mutt-oauth2", provider: "microsoft-personal", signIn: true, imported: true }],
      refused: [],
    });
  });

  test("takes the mailbox from --address", async () => {
    await importing({}, "--address", "shared@example.org");
    expect(listAddresses(fake.paths)).toEqual(["shared@example.org"]);
  });

  test("keeps the redirect that goes with the flow, for the next sign-in", async () => {
    await importing({ authflow: "authcode" });
    expect(readAccount(fake.paths, "me@example.com")).toMatchObject({
      client: { redirect_uris: ["https://login.microsoftonline.com/common/oauth2/nativeclient"] },
    });
  });

  test("does nothing with --dry-run, not even set up a vault", async () => {
    expect(await importing({}, "--dry-run")).toBe(0);
    expect(fake.out()).toContain("would import:");
    expect(listAddresses(fake.paths)).toEqual([]);
    expect(await credentialOf("me@example.com").catch((error: unknown) => error)).toMatchObject({
      code: "ERR_VAULT_UNUSABLE",
    });
  });

  test("replaces an account only when told to", async () => {
    await importing({});
    const refused = await importing({ refresh_token: "refresh-2" });
    expect(refused).toBe(78);
    expect(fake.err()).toContain("--replace");
    expect((await credentialOf("me@example.com"))?.refreshToken).toBe("refresh-0");
    expect(await importing({ refresh_token: "refresh-2" }, "--replace")).toBe(0);
    expect((await credentialOf("me@example.com"))?.refreshToken).toBe("refresh-2");
  });

  test("refuses a switched-off client, a file without a refresh token, and tools it does not know", async () => {
    expect(await importing({ client_id: "08162f7c-0fd2-4200-a84a-f25a4db0b584" })).toBe(78);
    expect(fake.err()).toContain("AADSTS7000112");
    expect(fake.err()).toContain("hint: mailkey add me@example.com");
    expect(await importing({ refresh_token: "" })).toBe(77);
    const words = ["--from", "thunderbird", world.tokenFile];
    const unknown = await runCommand(importCommand, words, context()).catch((error: unknown) => error);
    expect(unknown).toMatchObject({ code: "ERR_USAGE" });
    expect(listAddresses(fake.paths)).toEqual([]);
  });

  const copy = scriptCopies().find(({ hasFlags }) => !hasFlags);
  test.skipIf(copy === undefined)("finds pipe and client of the older script in its text", async () => {
    const { client_id: _id, client_secret: _secret, ...older } = tokenFields();
    world.write("tokens", JSON.stringify(older));
    expect(await importingPresent("--decryption-pipe", "cat")).toBe(78);
    expect(fake.err()).toContain("--script");
    world.write("edited.py", editScript(copy?.text ?? "", stub, { pipes: CAT, clientId: "from-script" }));
    expect(await importingPresent("--script", world.path("edited.py"))).toBe(0);
    expect(readAccount(fake.paths, "me@example.com")).toMatchObject({ client: { id: "from-script" } });
  });
});
