/** What is taken from each tool's files, by the command that users type. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { listAddresses, readAccount } from "../../src/accounts/store.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { recogniseTool, TOOL_NAMES } from "../../src/import/tools.ts";
import { tokenFields } from "../mutt-oauth2/world.ts";
import type { FakeContext } from "../support/fake-context.ts";
import {
  aercAccounts,
  getmailJson,
  himalayaConfiguration,
  newSecrets,
  oamaConfiguration,
  oamaRecord,
  pizauthConfiguration,
  proxyConfiguration,
  saslTokens,
  type Secrets,
} from "./formats.ts";
import { ImportWorld } from "./world.ts";

let world: ImportWorld;
let fake: FakeContext;
let secrets: Secrets;
beforeEach(() => {
  world = new ImportWorld();
  ({ fake } = world);
  secrets = newSecrets();
});
afterEach(() => fake.dispose());

const PASSWORD = "the proxy's pass%word";

const write: ImportWorld["write"] = (...args) => world.write(...args);
const importing: ImportWorld["importing"] = (...args) => world.importing(...args);
const credentialOf: ImportWorld["credentialOf"] = (address) => world.credentialOf(address);

const passwordFile = () => write("password", `${PASSWORD}\n`);

/** A file of each tool, in the tool's own form. */
const FILES: Readonly<Record<string, (secrets: Secrets) => string>> = {
  "mutt-oauth2": ({ refreshToken, accessToken, clientSecret }) =>
    JSON.stringify(
      tokenFields({ refresh_token: refreshToken, access_token: accessToken, client_secret: clientSecret }),
    ),
  getmail: getmailJson,
  oama: oamaRecord,
  "sasl-xoauth2": saslTokens,
  pizauth: pizauthConfiguration,
  "email-oauth2-proxy": (each) => proxyConfiguration(each, { password: PASSWORD }),
  aerc: aercAccounts,
  himalaya: himalayaConfiguration,
};

describe("every tool's file", () => {
  test("has an example here", () => expect(Object.keys(FILES).toSorted()).toEqual([...TOOL_NAMES].toSorted()));

  for (const [name, text] of Object.entries(FILES)) {
    test(`of ${name} is recognised as its own`, async () => {
      expect((await recogniseTool(text(secrets)))?.name).toBe(name);
    });

    test(`of ${name} shows no secret on the screen, in JSON or in an account file`, async () => {
      write(".config/oama/config.yaml", oamaConfiguration(secrets));
      const file = write("anna@gmail.com", text(secrets));
      const flags = ["--client-id", "my-client", "--password-file", passwordFile(), "--run-commands"];
      for (const more of [["--dry-run"], ["--dry-run", "--json"], [], ["--json", "--replace"]])
        await importing(file, ...flags, ...more);
      const accounts = listAddresses(fake.paths);
      expect(accounts.length).toBeGreaterThan(0);
      const files = accounts.map((address) =>
        readFileSync(join(fake.paths.config, "accounts", `${address}.toml`), "utf8"),
      );
      const seen = [fake.out(), fake.err(), ...files].join("\n");
      for (const secret of [...Object.values(secrets), PASSWORD, "hunter2"]) expect(seen).not.toContain(secret);
    });

    test(`of ${name} is refused without a word of it when it is cut, NUL, huge, or of other types`, async () => {
      const whole = text(secrets);
      const cases = [
        whole.slice(0, whole.length / 2),
        whole.replaceAll('"', "'").replaceAll("=", "~"),
        `${whole}\u0000`,
        whole.padEnd(2 * 1024 * 1024, "\n"),
        whole.replace(/"[^"]*"/g, '{"__proto__": [1e999]}'),
      ];
      for (const [index, hostile] of cases.entries()) {
        const status = await importing(write(`hostile-${index}`, hostile), "--from", name, "--dry-run", "--json");
        expect([0, 2, 64, 65, 66, 73, 74, 75, 76, 77, 78]).toContain(status);
      }
      for (const secret of Object.values(secrets)) expect(fake.out() + fake.err()).not.toContain(secret);
      expect(Object.hasOwn(Object.prototype, "1e999")).toBe(false);
      expect(listAddresses(fake.paths)).toEqual([]);
    });
  }
});

describe("importing", () => {
  test("from getmail takes client, secret and both tokens", async () => {
    expect(await importing(write("tokens.json", getmailJson(secrets)))).toBe(0);
    expect(readAccount(fake.paths, "anna@gmail.com")).toEqual({
      address: "anna@gmail.com",
      provider: "google",
      client: { id: "123.apps.googleusercontent.com", secret: "vault" },
    });
    expect(await credentialOf("anna@gmail.com")).toMatchObject({
      refreshToken: secrets.refreshToken,
      clientSecret: secrets.clientSecret,
      accessTokens: { mail: { token: secrets.accessToken, scope: "https://mail.google.com/" } },
    });
    expect(fake.out()).toContain("do not let\ngetmail renew anna@gmail.com any more");
  });

  test("from sasl-xoauth2 takes the mailbox from the file's name, the rest from flags, and Google for granted", async () => {
    const file = write("tokens/anna@gmail.com", saslTokens(secrets));
    expect(await importing(file)).toBe(78);
    expect(fake.err()).toContain("hint: --client-id ID");
    expect(await importing(file, "--client-id", "my-client")).toBe(0);
    expect(readAccount(fake.paths, "anna@gmail.com")).toMatchObject({
      provider: "google",
      client: { id: "my-client" },
    });
    const nameless = write("tokens/postfix", saslTokens(secrets, { client_id: "my-client" }));
    expect(await importing(nameless)).toBe(78);
    expect(await importing(nameless, "--address", "ben@gmail.com")).toBe(0);
    expect(await credentialOf("ben@gmail.com")).toMatchObject({ refreshToken: secrets.refreshToken });
  });

  test("from pizauth takes accounts, and says that somebody has to sign in", async () => {
    expect(await importing(write("pizauth.conf", pizauthConfiguration(secrets), 0o644))).toBe(0);
    expect(readAccount(fake.paths, "anna@example.org")).toEqual({
      address: "anna@example.org",
      provider: "microsoft",
      client: { id: "my-own-client", secret: "vault" },
      scopes: {
        outlook: ["https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send"],
      },
    });
    expect(await credentialOf("anna@example.org")).toMatchObject({
      clientSecret: secrets.clientSecret,
      accessTokens: {},
    });
    expect(readAccount(fake.paths, "ben@gmail.com")).toMatchObject({ provider: "google" });
    expect(await credentialOf("ben@gmail.com")).toBeUndefined();
    expect(fake.out()).toContain("not taken      the sign-in: pizauth keeps it in its memory");
    expect(fake.out()).toContain("Next: mailkey login anna@example.org");
    expect(fake.out()).toContain("Others can read ");
  });

  test("from email-oauth2-proxy decrypts tokens with the password, and takes the client of the domain's section", async () => {
    for (const iterations of [100_000, 120_000]) {
      const file = write("emailproxy.config", proxyConfiguration(secrets, { password: PASSWORD, iterations }), 0o644);
      expect(await importing(file, "--password-file", passwordFile(), "--replace")).toBe(0);
      expect(readAccount(fake.paths, "anna@gmail.com")).toMatchObject({
        provider: "google",
        client: { id: "123.apps.googleusercontent.com", secret: "vault", redirect_uris: ["http://localhost"] },
      });
      expect(await credentialOf("anna@gmail.com")).toMatchObject({
        refreshToken: secrets.refreshToken,
        clientSecret: secrets.clientSecret,
        accessTokens: { mail: { token: secrets.accessToken } },
      });
    }
    expect(fake.err()).toContain("cannot import your.office365.address@example.com: it has no client_id");
    expect(readAccount(fake.paths, "robot@example.org")).toMatchObject({
      grant: "client_credentials",
      provider: "microsoft",
      endpoints: { token: "https://login.microsoftonline.com/example.org/oauth2/v2.0/token" },
      client: { secret: "vault" },
    });
    expect(listAddresses(fake.paths)).toEqual(["anna@gmail.com", "robot@example.org"]);
  });

  test("from email-oauth2-proxy without the right password takes the account, and says why no more", async () => {
    const file = write("emailproxy.config", proxyConfiguration(secrets, { password: "another" }));
    expect(await importing(file, "--address", "anna@gmail.com", "--password-file", passwordFile())).toBe(0);
    expect(await credentialOf("anna@gmail.com")).toMatchObject({ accessTokens: {} });
    expect((await credentialOf("anna@gmail.com"))?.refreshToken).toBeUndefined();
    expect(fake.out()).toContain("the password that encrypts it was not given, or is another one");
  });

  test("no password is tried on mailboxes that nobody wants", async () => {
    const file = write("emailproxy.config", proxyConfiguration(secrets, { password: PASSWORD }));
    expect(await importing(file, "--address", "robot@example.org", "--password-file", "/nowhere")).toBe(0);
    expect(listAddresses(fake.paths)).toEqual(["robot@example.org"]);
    expect(await importing(file, "--address", "anna@gmail.com", "--password-file", "/nowhere")).toBe(78);
  });

  test("a file that asks for a million million iterations is not obeyed", async () => {
    const text = proxyConfiguration(secrets, { password: PASSWORD, iterations: 1000 });
    const file = write("emailproxy.config", text.replace("= 1000", "= 1000000000000"));
    expect(await importing(file, "--address", "anna@gmail.com", "--password-file", passwordFile())).toBe(0);
    expect((await credentialOf("anna@gmail.com"))?.refreshToken).toBeUndefined();
  });

  test("from aerc takes the refresh token out of the URL, and out of a command only when told to run it", async () => {
    const file = write("accounts.conf", aercAccounts(secrets));
    expect(await importing(file)).toBe(0);
    expect(readAccount(fake.paths, "anna@gmail.com")).toMatchObject({
      provider: "google",
      client: { secret: "vault" },
    });
    expect(await credentialOf("anna@gmail.com")).toMatchObject({ refreshToken: secrets.refreshToken });
    expect(await credentialOf("ben@example.org")).toBeUndefined();
    expect(fake.out()).toContain("which --run-commands lets mailkey run");
    expect(fake.err()).toContain("cannot import Plain: it does not use OAuth2");
    expect(await importing(file, "--address", "ben@example.org", "--run-commands", "--replace")).toBe(0);
    expect(await credentialOf("ben@example.org")).toMatchObject({ refreshToken: secrets.refreshToken });
  });

  test("from aerc leaves alone what mailkey has set up there", async () => {
    const own = (command: string) =>
      `[Own]\nsource = imaps+xoauth2://anna%40gmail.com@imap.gmail.com:993\nsource-cred-cmd = ${command}\nfrom = <anna@gmail.com>\n`;
    for (const command of ["/home/anna/.local/bin/mailkey token anna@gmail.com", "'/home/a b/mailkey' token x@y.zz"]) {
      expect(await importing(write("accounts.conf", own(command)))).toBe(78);
      expect(fake.err()).toContain("there is nothing to import");
      expect(fake.err()).not.toContain("cannot import");
    }
    expect(await importing(write("accounts.conf", own("pass mailkey token")))).toBe(78);
    expect(fake.err()).toContain("another program gets its tokens");
  });

  test("a command that fails is not shown: there may be a secret in it", async () => {
    const text = aercAccounts(secrets).replace("= echo", "= false");
    expect(await importing(write("accounts.conf", text), "--address", "ben@example.org", "--run-commands")).not.toBe(0);
    expect(fake.err()).toContain("a command that the file names for a secret fails");
    expect(fake.err()).not.toContain(secrets.refreshToken);
  });

  test("from himalaya takes the client, and secrets that are in the file", async () => {
    const file = write("config.toml", himalayaConfiguration(secrets));
    expect(await importing(file)).toBe(0);
    expect(await credentialOf("anna@gmail.com")).toMatchObject({
      refreshToken: secrets.refreshToken,
      clientSecret: secrets.clientSecret,
    });
    expect(readAccount(fake.paths, "ben@example.org")).toEqual({
      address: "ben@example.org",
      provider: "microsoft",
      client: { id: "my-own-client" },
      scopes: {
        outlook: ["https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send"],
      },
    });
  });

  const clientOf = (address: string) => {
    const account = readAccount(fake.paths, address);
    return account !== undefined && "client" in account ? account.client : undefined;
  };

  test("a command that would be run at each renewal is kept only where the user allows commands", async () => {
    const himalaya = write("config.toml", himalayaConfiguration(secrets));
    const oama = oamaConfiguration(secrets).replace(/client_secret: .*/, "client_secret_cmd: pass show client");
    write(".config/oama/config.yaml", oama);
    const record = write("anna@gmail.com.oauth", oamaRecord(secrets));
    for (const [file, address] of [
      [himalaya, "ben@example.org"],
      [record, "anna@gmail.com"],
    ] as const) {
      expect(await importing(file, "--replace")).toBe(0);
      expect(clientOf(address)).not.toHaveProperty("secret");
      expect(fake.out()).toContain("the client secret: a command prints it, which --run-commands lets mailkey run");
      expect(await importing(file, "--replace", "--run-commands")).toBe(0);
      expect(clientOf(address)).toHaveProperty("secret", { command: "pass show client" });
    }
  });

  test("an oama record brings its client from oama's configuration, tenant included", async () => {
    write(".config/oama/config.yaml", oamaConfiguration(secrets), 0o644);
    expect(await importing(write("anna@gmail.com.oauth", oamaRecord(secrets)))).toBe(0);
    expect(await credentialOf("anna@gmail.com")).toMatchObject({
      refreshToken: secrets.refreshToken,
      clientSecret: secrets.clientSecret,
      accessTokens: { mail: { token: secrets.accessToken } },
    });
    const work = { email: null, service: "microsoft", scope: "https://outlook.office.com/IMAP.AccessAsUser.All" };
    expect(await importing(write("ben@example.org.oauth", oamaRecord(secrets, work)))).toBe(0);
    expect(readAccount(fake.paths, "ben@example.org")).toMatchObject({
      provider: "microsoft",
      client: { id: "my-own-client" },
      endpoints: { token: "https://login.microsoftonline.com/example.org/oauth2/v2.0/token" },
    });
  });

  test("an unknown provider becomes a custom one, with all that the file knows", async () => {
    const own = {
      token_uri: "https://auth.example.net/token",
      auth_uri: "https://auth.example.net/auth",
      scope: "mail",
    };
    expect(await importing(write("tokens.json", getmailJson(secrets, { ...own, user: "anna@example.net" })))).toBe(0);
    expect(readAccount(fake.paths, "anna@example.net")).toMatchObject({
      provider: "custom",
      endpoints: { token: own.token_uri, authorization: own.auth_uri },
      scopes: { mail: ["mail"] },
    });
  });

  test("nothing is sent to a token endpoint without TLS", async () => {
    const file = write("tokens.json", getmailJson(secrets, { token_uri: "http://auth.example.net/token" }));
    expect(await importing(file)).toBe(78);
    expect(fake.err()).toContain("endpoints.token");
    expect(listAddresses(fake.paths)).toEqual([]);
  });

  test("a client that is known not to work is refused, with what to do instead", async () => {
    const dead = {
      client_id: "08162f7c-0fd2-4200-a84a-f25a4db0b584",
      token_uri: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    };
    expect(await importing(write("tokens.json", getmailJson(secrets, dead)))).toBe(78);
    expect(fake.err()).toContain("AADSTS7000112");
  });

  test("a sign-in is not given up for a file that has none", async () => {
    await importing(write("tokens.json", getmailJson(secrets, { user: "ben@gmail.com" })));
    expect(await importing(write("pizauth.conf", pizauthConfiguration(secrets)), "--replace")).toBe(0);
    expect(fake.err()).toContain("there is an account ben@gmail.com already, and no sign-in in the file");
    expect(await credentialOf("ben@gmail.com")).toMatchObject({ refreshToken: secrets.refreshToken });
  });

  test("files that were only found are shown, not imported", async () => {
    expect(await importing()).toBe(78);
    write(".config/pizauth.conf", pizauthConfiguration(secrets));
    write(".config/aerc/accounts.conf", aercAccounts(secrets));
    expect(await importing()).toBe(0);
    expect(fake.out()).toContain("would import:");
    expect(fake.err()).toContain("--yes does it");
    expect(listAddresses(fake.paths)).toEqual([]);
    expect(await importing("--yes")).toBe(0);
    const addresses = ["anna@example.org", "anna@gmail.com", "ben@example.org", "ben@gmail.com"];
    expect(listAddresses(fake.paths)).toEqual(addresses);
  });

  test("a file that was only found, and is no good, does not keep the others back; one that was named does", async () => {
    const odd = [write(".config/pizauth.conf", "account {"), write(".himalayarc", "")];
    write(".getmail/gmail.json", getmailJson(secrets));
    expect(await importing("--yes")).toBe(0);
    expect(listAddresses(fake.paths)).toEqual(["anna@gmail.com"]);
    for (const path of odd) expect(fake.err()).toContain(path);
    const other = write("other.json", getmailJson(secrets, { user: "ben@gmail.com" }));
    expect(await importing(other, ...odd)).toBe(78);
    expect(listAddresses(fake.paths)).toEqual(["anna@gmail.com"]);
  });

  test("what was imported before something failed is told, and the same line takes the rest", async () => {
    const anna = write("anna.json", getmailJson(secrets));
    const ben = write("ben.json", getmailJson(secrets, { user: "ben@gmail.com" }));
    expect(await importing(anna)).toBe(0);
    await runCommandLine(["remove", "anna@gmail.com", "--yes"], fake);
    const obstacle = join(fake.paths.state, "vault", "ben@gmail.com.age");
    mkdirSync(join(obstacle, "in-the-way"), { recursive: true });
    expect(await importing(anna, ben)).not.toBe(0);
    expect(fake.err()).toContain("mailkey: imported, before it failed: anna@gmail.com\n");
    expect(listAddresses(fake.paths)).toEqual(["anna@gmail.com"]);
    rmSync(obstacle, { recursive: true });
    expect(await importing(anna, ben)).toBe(0);
    expect(listAddresses(fake.paths)).toEqual(["anna@gmail.com", "ben@gmail.com"]);
    expect(await credentialOf("anna@gmail.com")).toMatchObject({ refreshToken: secrets.refreshToken });
  });

  test("a mailbox that is in two files is taken once", async () => {
    const [one, two] = [write("one", getmailJson(secrets)), write("two", getmailJson(newSecrets()))];
    expect(await importing(one, two)).toBe(0);
    expect(fake.err()).toContain("two has it again: the first one counts");
    expect(await credentialOf("anna@gmail.com")).toMatchObject({ refreshToken: secrets.refreshToken });
  });

  test("a file that others may write is not read, and one of nobody's tool is said to be that", async () => {
    const file = write("tokens.json", getmailJson(secrets));
    chmodSync(file, 0o666);
    expect(await importing(file)).toBe(78);
    expect(fake.err()).toContain("chmod");
    expect(await importing(write("notes.txt", "milk, bread\n"))).toBe(78);
    expect(fake.err()).toContain("is no file of a tool that mailkey knows");
  });

  test("YAML that would grow into gigabytes is refused, and an anchor in reason is not", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    const lines = names.map(
      (name, index) => `${name}: &${name} [${`${index === 0 ? "x" : `*${names[index - 1]}`},`.repeat(9)}]`,
    );
    const bomb = `${lines.join("\n")}\nencryption: {tag: GPG}\nservices: {google: {client_id: x}}\n`;
    expect(await importing(write("config.yaml", bomb), "--from", "oama")).toBe(78);
    expect(fake.err()).toContain("cannot be understood as a file of oama");
    const text = oamaConfiguration(secrets)
      .replace("google:", "google: &google")
      .replace("tenant: example.org", "tenant: example.org\n  other: *google");
    write(".config/oama/config.yaml", text);
    expect(await importing(write("anna@gmail.com.oauth", oamaRecord(secrets, { service: "other" })))).toBe(78);
    expect(fake.err()).toContain("there is no token endpoint in ");
  });
});
