import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { accountPath } from "../../src/accounts/store.ts";
import { proxyCert } from "../../src/cli/proxy-cert.ts";
import { proxyPassword, type PasswordValues } from "../../src/cli/proxy-password.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { LastUses } from "../../src/proxy/passwords/last-used.ts";
import { listPasswords } from "../../src/proxy/passwords/store.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";
import { failureOf } from "../vault/support.ts";

const ANNA = "anna@example.org";
const PASSWORD = /(?:[a-z2-9]{4}-){5}[a-z2-9]{4}/;

let context: FakeContext;
beforeEach(() => {
  context = fakeContext();
  account(ANNA);
});
afterEach(() => context.dispose());

function account(address: string, more = ""): void {
  const path = accountPath(context.paths, address);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `address = "${address}"\nprovider = "microsoft"\n${more}\n[client]\nid = "x"\n`);
}

const run = (words: string, values: PasswordValues = {}) => proxyPassword(context, words.split(" "), values);
const holders = () => listPasswords(context.paths).map((each) => `${each.for} ${each.device}`);
const refused = (code: string, words = "") => ({ code, message: expect.stringContaining(words) });

describe("mailkey proxy password add", () => {
  test("prints the password alone on standard output, and nowhere else", async () => {
    await run(`add ${ANNA}`);
    const password = context.out().trimEnd();
    expect(context.out()).toBe(`${password}\n`);
    expect(password).toMatch(new RegExp(`^${PASSWORD.source}$`));
    expect(context.err()).toContain(`user name ${ANNA}`);
    expect(context.err()).not.toMatch(PASSWORD);
    expect(filesIn(context.home).length).toBeGreaterThan(2);
    for (const file of filesIn(context.home)) expect(readFileSync(file, "latin1")).not.toContain(password);
  });

  test("prints JSON, with nothing beside it", async () => {
    await run("add", { json: true, device: "fax" });
    expect(JSON.parse(context.out())).toEqual({ for: ANNA, device: "fax", password: expect.stringMatching(PASSWORD) });
    expect(context.err()).toBe("");
  });

  test("names the ports that are served, and keeps to 80 columns", async () => {
    mkdirSync(context.paths.config, { recursive: true });
    writeFileSync(join(context.paths.config, "config.toml"), "[proxy]\nimap = 4143\npop = false\n");
    await run(`add ${ANNA}`);
    const flowing = context.err().replace(/\s+/g, " ");
    expect(flowing).toContain("IMAP port 4143, SMTP port 1587");
    expect(flowing).not.toContain("POP3");
    for (const line of context.err().split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("replaces one only when told to, and tells nobody a password otherwise", async () => {
    await run(`add ${ANNA}`);
    const [before] = listPasswords(context.paths);
    const printed = context.out();
    expect(await failureOf(run(`add ${ANNA}`))).toMatchObject(refused("ERR_USAGE", "there is no terminal"));
    expect([context.out(), listPasswords(context.paths)[0]?.hash]).toEqual([printed, before?.hash]);
    await run(`add ${ANNA}`, { yes: true });
    expect(listPasswords(context.paths).map(({ hash }) => hash === before?.hash)).toEqual([false]);
  });

  test("is for accounts that exist: its own, those of a catch-all's domain, and the domain", async () => {
    expect(await failureOf(run("add berta@example.org"))).toMatchObject(refused("ERR_ACCOUNT_UNKNOWN", "berta"));
    expect(await failureOf(run("add @example.org"))).toMatchObject(refused("ERR_ACCOUNT_UNKNOWN", "all mailboxes"));
    account("app@example.org", 'grant = "client_credentials"\ncatch_all = "example.org"');
    await run("add Berta@Example.org");
    await run("add @Example.org");
    expect(holders()).toEqual(["@example.org default", "berta@example.org default"]);
    expect(await failureOf(run("add"))).toMatchObject(refused("ERR_USAGE", "which account?"));
  });
});

describe("mailkey proxy password list", () => {
  test("shows whose there are, when they were made and last used", async () => {
    await run("list");
    expect([context.out(), context.err()]).toEqual(["", "no passwords yet: mailkey proxy password add\n"]);
    for (const device of ["fax", "phone"]) await run("add", { device, json: true });
    context.clock.advance(1000);
    const uses = new LastUses(context.paths, () => context.clock.wallMs);
    uses.note(listPasswords(context.paths)[0] ?? never(), listPasswords(context.paths));
    await uses.settled();
    const before = context.out().length;
    await run("list");
    expect(context.out().slice(before)).toBe(`FOR               DEVICE  MADE        LAST USED
anna@example.org  fax     2026-01-15  today
anna@example.org  phone   2026-01-15  never
`);
    const mark = context.out().length;
    await run("list", { json: true });
    expect(JSON.parse(context.out().slice(mark))).toEqual([
      { for: ANNA, device: "fax", made: "2026-01-15T12:00:00.000Z", last_used: "2026-01-15T12:00:01.000Z" },
      { for: ANNA, device: "phone", made: "2026-01-15T12:00:00.000Z", last_used: null },
    ]);
  });
});

describe("mailkey proxy password remove", () => {
  test("takes away one, or all when told to", async () => {
    for (const device of ["a", "b", "c"]) await run("add", { device, json: true });
    await run(`remove ${ANNA}`, { device: "b" });
    expect(await failureOf(run(`remove ${ANNA}`, { device: "b" }))).toMatchObject(
      refused("ERR_USAGE", "has no password"),
    );
    expect(await failureOf(run(`remove ${ANNA}`))).toMatchObject(refused("ERR_USAGE", "there is no terminal"));
    expect(holders()).toEqual([`${ANNA} a`, `${ANNA} c`]);
    await run(`remove ${ANNA}`, { yes: true });
    expect(holders()).toEqual([]);
  });

  test("works for an account that is gone", async () => {
    await run("add");
    rmSync(accountPath(context.paths, ANNA));
    await run(`remove ${ANNA}`);
    expect(holders()).toEqual([]);
  });
});

test.each(["list x", "add a b", "remove", "frob"])("mailkey proxy password %s is wrong usage", async (words) => {
  expect(await failureOf(run(words))).toMatchObject(refused("ERR_USAGE"));
});

test("mailkey remove takes an account's passwords along, and those for mailboxes that only it opened", async () => {
  account("app@example.org", 'grant = "client_credentials"\ncatch_all = "example.org"');
  account("x@example.com");
  for (const owner of [ANNA, "app@example.org", "berta@example.org", "@example.org", "x@example.com"])
    await run(`add ${owner}`, { json: true });
  expect(await runCommandLine(["remove", "app@example.org", "--yes"], context)).toBe(0);
  expect(holders()).toEqual([`${ANNA} default`, "x@example.com default"]);
  expect(await runCommandLine(["remove", "x@example.com", "--yes"], context)).toBe(0);
  expect(holders()).toEqual([`${ANNA} default`]);
});

test("what is said of the server can be connected to, whatever the proxy listens at", async () => {
  mkdirSync(context.paths.config, { recursive: true });
  writeFileSync(join(context.paths.config, "config.toml"), '[proxy]\nlisten = ["0.0.0.0"]\nremote = true\n');
  await run(`add ${ANNA}`);
  expect(context.err().replaceAll(/\s+/g, " ")).toContain("server 127.0.0.1, ");
});

describe("mailkey proxy cert", () => {
  test("says where it is and how programs trust it, and prints no key", async () => {
    await proxyCert(context, { name: ["nas.lan"] });
    const folder = join(context.paths.state, "proxy");
    expect(context.out()).toContain(`Certificate  ${folder}/certificate.pem\nKey          ${folder}/key.pem\n`);
    expect(context.out()).toContain("For          localhost, 127.0.0.1, ::1, nas.lan\n");
    expect(context.err()).toContain(`tls_trust_file ${folder}/certificate.pem`);
    const key = readFileSync(join(folder, "key.pem"), "utf8").split("\n")[1] ?? "none";
    expect(context.out() + context.err()).not.toContain(key.slice(20, 40));
  });

  test("shows the user's own and makes none beside it", async () => {
    await proxyCert(context, { json: true });
    const { certificate, key } = JSON.parse(context.out());
    mkdirSync(context.paths.config, { recursive: true });
    writeFileSync(
      join(context.paths.config, "config.toml"),
      `[proxy]\ncertificate = "${certificate}"\nkey = "${key}"\n`,
    );
    const mark = context.out().length;
    const stamp = statSync(certificate).ino;
    await proxyCert(context, { json: true });
    expect(JSON.parse(context.out().slice(mark))).toMatchObject({ certificate, key });
    expect(await failureOf(proxyCert(context, { new: true }))).toMatchObject(refused("ERR_CONFIG", "of your own"));
    expect(statSync(certificate).ino).toBe(stamp);
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function never(): never {
  throw new Error("there is no password");
}
