/** Which mailbox a user name selects: account files, those that share, and those that catch all of a domain. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { accountPath } from "../../src/accounts/store.ts";
import { AccountMailboxes } from "../../src/proxy/accounts-mailboxes.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

let context: FakeContext;
let mailboxes: AccountMailboxes;
beforeEach(() => {
  context = fakeContext();
  mailboxes = new AccountMailboxes(context.paths);
});
afterEach(() => context.dispose());

const ANNA = 'provider = "google"\nclient = { id = "c1" }';
const APPLICATION = 'provider = "microsoft"\ngrant = "client_credentials"\nclient = { id = "c1", secret = "vault" }';

function write(address: string, text: string): void {
  const path = accountPath(context.paths, address);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `address = "${address}"\n${text}\n`, { mode: 0o600 });
}

describe("a user name", () => {
  test("selects the account of that address, however it is written", async () => {
    write("anna@a.test", ANNA);
    expect(await mailboxes.find("Anna@A.test")).toMatchObject({
      address: "anna@a.test",
      account: "anna@a.test",
      user: "anna@a.test",
      servers: { imap: { host: "imap.gmail.com" } },
      about: { providerId: "google", shared: false },
    });
  });

  test("names the resource of each protocol's scopes", async () => {
    write("anna@outlook.test", 'provider = "microsoft"\nclient = { id = "c1" }');
    const { resources } = (await mailboxes.find("anna@outlook.test")) ?? {};
    expect(resources).toEqual({ imap: "outlook", pop: "outlook", smtp: "outlook" });
  });

  test("selects nothing when there is no such account, or it is no address", async () => {
    write("anna@a.test", ANNA);
    for (const user of ["otto@a.test", "anna", "", "../anna@a.test", "anna@a.test/../x", "@a.test"])
      expect(await mailboxes.find(user)).toBeUndefined();
  });

  test("selects a shared mailbox, whose token the agent knows by its own address", async () => {
    write("anna@a.test", ANNA);
    write("info@a.test", 'credential = "anna@a.test"\nuser = "shared"');
    const info = await mailboxes.find("info@a.test");
    expect(info).toMatchObject({ account: "info@a.test", user: "shared", about: { shared: true } });
  });

  test("selects what the files say now", async () => {
    write("anna@a.test", ANNA);
    write("info@a.test", 'credential = "anna@a.test"');
    await mailboxes.find("info@a.test");
    write("anna@a.test", `${ANNA}\nservers.imap = { host = "new.a.test", port = 993, security = "tls" }`);
    expect(await mailboxes.find("info@a.test")).toMatchObject({ servers: { imap: { host: "new.a.test" } } });
    rmSync(accountPath(context.paths, "info@a.test"));
    expect(await mailboxes.find("info@a.test")).toBeUndefined();
  });

  test("whose file is wrong is told so, and keeps no other from being listed", async () => {
    write("anna@a.test", ANNA);
    write("otto@a.test", "provider = 7");
    expect(mailboxes.find("otto@a.test")).rejects.toThrow("provider");
    expect((await mailboxes.all()).map(({ address }) => address)).toEqual(["anna@a.test"]);
  });
});

describe("an account that catches all of a domain", () => {
  test("opens those of its mailboxes that have no account of their own, and no other's", async () => {
    write("info@firm.test", `${APPLICATION}\ncatch_all = "Firm.test"`);
    write("boss@firm.test", ANNA);
    expect(await mailboxes.find("Sales@firm.test")).toMatchObject({
      address: "sales@firm.test",
      account: "info@firm.test",
      user: "sales@firm.test",
      servers: { imap: { host: "outlook.office365.com" } },
    });
    expect(await mailboxes.find("boss@firm.test")).toMatchObject({ account: "boss@firm.test" });
    expect(await mailboxes.find("info@firm.test")).toMatchObject({ user: "info@firm.test" });
    expect(await mailboxes.find("sales@sub.firm.test")).toBeUndefined();
    expect((await mailboxes.all()).map(({ address }) => address)).toEqual(["boss@firm.test", "info@firm.test"]);
  });

  test("does so as long as its file says so", async () => {
    write("info@firm.test", `${APPLICATION}\ncatch_all = "firm.test"`);
    expect(await mailboxes.find("sales@firm.test")).toBeDefined();
    write("info@firm.test", APPLICATION);
    expect(await mailboxes.find("sales@firm.test")).toBeUndefined();
  });

  test("is not the only one: nobody can tell which", async () => {
    write("info@firm.test", `${APPLICATION}\ncatch_all = "firm.test"`);
    write("root@firm.test", `${APPLICATION}\ncatch_all = "firm.test"`);
    expect(mailboxes.find("sales@firm.test")).rejects.toThrow(
      "both info@firm.test and root@firm.test open all mailboxes of firm.test",
    );
  });

  test.each([ANNA, 'provider = "google"\nservice_account = "vault"\nclient = { id = "1" }'])(
    "is never one whose token opens one mailbox: %p",
    async (account) => {
      write("info@firm.test", `${account}\ncatch_all = "firm.test"`);
      expect(mailboxes.find("info@firm.test")).rejects.toThrow('catch_all: is for grant = "client_credentials" only');
      expect(await mailboxes.find("sales@firm.test")).toBeUndefined();
    },
  );
});
