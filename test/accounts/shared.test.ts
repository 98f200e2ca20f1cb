/** Account files of mailboxes that use another account's sign-in, and what the two files come to. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadAccount } from "../../src/accounts/resolve.ts";
import { accountPath, mailboxesSharing } from "../../src/accounts/store.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
  write(
    "me@a.test",
    'provider = "google"\nuser = "me-myself"\nclient = { id = "c1" }\nservers.imap = { host = "imap.a.test", port = 993, security = "tls" }',
  );
});
afterEach(() => context.dispose());

function write(address: string, text: string): void {
  const path = accountPath(context.paths, address);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `address = "${address}"\n${text}\n`, { mode: 0o600 });
}
const load = (address: string) => loadAccount(context.paths, address);

describe("a shared mailbox", () => {
  test("has the lender's provider, client and servers, and its own name at the mail server", async () => {
    write("info@a.test", 'credential = "me@a.test"');
    expect(await load("info@a.test")).toMatchObject({
      address: "info@a.test",
      credential: "me@a.test",
      user: "info@a.test",
      login: "me@a.test",
      grant: "sign_in",
      client: { id: "c1" },
      provider: { id: "google", servers: { imap: { host: "imap.a.test" }, smtp: { host: "smtp.gmail.com" } } },
    });
  });

  test("may have a user name and servers of its own", async () => {
    write(
      "info@a.test",
      'credential = "ME@a.test"\nuser = "shared"\nservers.imap = { host = "other.a.test", port = 993, security = "tls" }',
    );
    expect(await load("info@a.test")).toMatchObject({
      credential: "me@a.test",
      user: "shared",
      provider: { servers: { imap: { host: "other.a.test" } } },
    });
    expect(mailboxesSharing(context.paths, "Me@A.test")).toEqual(["info@a.test"]);
  });

  test("is not opened with the tokens of an account that has become a service account's", async () => {
    write("me@a.test", 'provider = "google"\nservice_account = "vault"\nclient = { id = "1" }');
    write("info@a.test", 'credential = "me@a.test"');
    expect(load("info@a.test")).rejects.toThrow("a service account's are for one mailbox each");
  });

  test.each([
    ['credential = "nobody@a.test"', "info@a.test uses the sign-in of nobody@a.test, which is not there"],
    ['credential = "info@a.test"', "which has no sign-in of its own"],
    ['credential = "me@a.test"\nclient = { id = "x" }', "client: "],
    ['credential = "me"', "credential: must be an e-mail address"],
    ['provider = "google"', "client: "],
  ])("with %s is told what is wrong", async (text, words) => {
    write("info@a.test", text);
    expect(load("info@a.test")).rejects.toThrow(words);
  });
});

describe("a grant without a person", () => {
  test.each([
    ["microsoft-personal", 'grant = "client_credentials"', "lets no application in without a person"],
    ["google", 'grant = "client_credentials"', "lets no application in without a person"],
    ["microsoft", 'service_account = "vault"', "has no service accounts"],
  ])("that %s does not have is refused", async (provider, line, words) => {
    write("app@a.test", `provider = "${provider}"\n${line}\nclient = { id = "c1" }`);
    expect(load("app@a.test")).rejects.toThrow(words);
  });

  test("has no sign-in that could end, and asks for nothing that a sign-in asks for", async () => {
    write(
      "app@a.test",
      'provider = "microsoft"\ngrant = "client_credentials"\nclient = { id = "c1", secret = "vault" }',
    );
    const { provider } = await load("app@a.test");
    expect(provider.tokens.refreshIdleDays).toBeUndefined();
    expect(provider.refreshScopes).toEqual([]);
  });
});
