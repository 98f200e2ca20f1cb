/** Files by somebody who means harm: a colleague's dotfiles, an example from the web. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listAddresses, readAccount } from "../../src/accounts/store.ts";
import { importPorts } from "../../src/cli/import-ports.ts";
import { parseIni } from "../../src/import/ini.ts";
import { saslXoauth2 } from "../../src/import/sasl-xoauth2.ts";
import { recogniseTool } from "../../src/import/tools.ts";
import { loadSettings } from "../../src/mutt-oauth2/settings.ts";
import { Secret } from "../../src/platform/secret.ts";
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

const EVIL = "https://tokens.evil.example/token";
const MICROSOFT = "https://login.microsoftonline.com/common/oauth2/v2.0";
/** Escape sequences of a terminal, as one byte sequence and as one character, and an override of the direction. */
const ESCAPES = "\u001b]0;owned\u0007\u009b31m\u202e";
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

let world: ImportWorld;
let secrets: Secrets;
beforeEach(() => {
  world = new ImportWorld();
  secrets = newSecrets();
});
afterEach(() => world.fake.dispose());

const shown = () => world.fake.out() + world.fake.err();
const addresses = () => listAddresses(world.fake.paths);

describe("the sign-in goes to nobody else: a file is refused", () => {
  test("whose sign-in page is a provider's, and whose tokens are somebody's", async () => {
    const text = pizauthConfiguration(secrets).replaceAll(`${MICROSOFT}/token`, EVIL);
    expect(await world.importing(world.write("pizauth.conf", text), "--address", "anna@example.org")).toBe(78);
    expect(world.fake.err()).toContain(
      "it signs in at login.microsoftonline.com, and sends what that gives to tokens.evil.example",
    );
    expect(addresses()).toEqual([]);
  });

  test("whose tokens are a provider's, and whose sign-in page is somebody's", async () => {
    const text = himalayaConfiguration(secrets)
      .replaceAll("/common/", "/example.org/")
      .replace(`${MICROSOFT.replace("common", "example.org")}/authorize`, "https://login.evil.example/authorize");
    const file = world.write("config.toml", text);
    expect(await world.importing(file, "--address", "ben@example.org")).toBe(78);
    expect(world.fake.err()).toContain("it signs in at login.evil.example");
    expect(addresses()).toEqual([]);
  });

  test("that sends the tokens of a known mailbox elsewhere", async () => {
    const own = { token_uri: EVIL, auth_uri: "https://login.evil.example/" };
    expect(await world.importing(world.write("tokens.json", getmailJson(secrets, own)))).toBe(78);
    expect(world.fake.err()).toContain(
      "the mailbox is at Gmail / Google Workspace, and the file sends its sign-in to tokens.evil.example",
    );
    expect(addresses()).toEqual([]);
  });

  test("and where nobody can tell, it is said who gets it", async () => {
    const own = { token_uri: EVIL, auth_uri: "https://login.evil.example/", user: "anna@example.net" };
    const file = world.write("tokens.json", getmailJson(secrets, own));
    expect(await world.importing(file, "--dry-run")).toBe(0);
    expect(world.fake.out()).toMatch(
      /^goes to +tokens\.evil\.example, which mailkey does not know: is it your provider/m,
    );
    expect(await world.importing(file, "--dry-run", "--json")).toBe(0);
    expect(world.fake.out()).toContain('"tokenHost": "tokens.evil.example"');
  });

  test("oama's records are not given to another configuration than its own", async () => {
    const record = world.write(".local/state/oama/anna@gmail.com.oauth", oamaRecord(secrets, { service: "lab" }));
    const hostile = oamaConfiguration(secrets).replace("google:", `lab:\n    token_endpoint: ${EVIL}`);
    expect(await world.importing(world.write("downloads/config.yaml", hostile))).toBe(78);
    expect(world.fake.err()).toContain("is not oama's own configuration");
    world.write(".config/oama/config.yaml", oamaConfiguration(secrets));
    expect(await world.importing(join(world.fake.home, ".config/oama/config.yaml"))).toBe(78);
    expect(world.fake.err()).toContain('there is no client_id for "lab"');
    expect(existsSync(record)).toBe(true);
  });

  test("the client secret of the system's sasl-xoauth2 is not given to another endpoint", async () => {
    const system = { client_id: "system", client_secret: secrets.clientSecret };
    const read = (changes: object) =>
      saslXoauth2.read(
        { path: "/tokens/anna@gmail.com", text: saslTokens(secrets, changes), modifiedMs: Date.now() },
        {
          ...importPorts(
            world.context,
            settings,
            { address: undefined, passwordFile: undefined, mayRunCommands: false },
            undefined,
          ),
          readFile: async (path) => ({ path, text: JSON.stringify(system), modifiedMs: 0 }),
        },
      );
    const settings = loadSettings(world.context.paths, world.context.env, {});
    expect(await read({})).toMatchObject([{ client: { id: "system", secret: expect.any(Secret) }, notTaken: [] }]);
    const [hostile] = await read({ token_endpoint: EVIL });
    expect(hostile).toMatchObject({ client: { id: "system", secret: undefined }, endpoints: { token: EVIL } });
    expect(hostile).toHaveProperty("notTaken", [
      "the client secret: /etc/sasl-xoauth2.conf has it for another token endpoint",
    ]);
  });

  test("a sign-in that was left in the vault does not become a file's", async () => {
    await world.importing(world.write("tokens.json", getmailJson(secrets, { user: "ben@example.net" })));
    const account = join(world.fake.paths.config, "accounts/ben@example.net.toml");
    expect(spawnSync("rm", [account]).status).toBe(0);
    const text = pizauthConfiguration(secrets)
      .replace(/^ *client_secret.*$/m, "")
      .replace("anna@example.org", "ben@example.net");
    expect(await world.importing(world.write("pizauth.conf", text))).toBe(0);
    expect(readAccount(world.fake.paths, "ben@example.net")).toMatchObject({ provider: "microsoft" });
    expect(await world.credentialOf("ben@example.net")).toBeUndefined();
  });
});

describe("nothing is run", () => {
  test("by a name that gets into a command to copy", async () => {
    const canary = join(world.fake.home, "ran");
    const address = `$(touch\${IFS}${canary});\`id\`'"#@gmail.com`;
    const name = `it's $(touch ${canary.replaceAll("/", "")}).json`;
    const file = world.write(name, getmailJson(secrets, { user: address }));
    expect(await world.importing(file)).toBe(0);
    const open = world.write(`x ${name}`, getmailJson(secrets), 0o666);
    spawnSync("chmod", ["666", open]);
    expect(await world.importing(open)).toBe(78);
    const lines = [...shown().matchAll(/^(?:Next|mailkey: hint): (.+)$/gm)].map(([, line]) => line ?? "");
    expect(lines.length).toBe(2);
    for (const line of lines) {
      const words = spawnSync(
        "/bin/sh",
        ["-c", `mailkey() { printf '%s\\n' "$@"; }; chmod() { printf '%s\\n' "$@"; }; ${line}`],
        {
          cwd: world.fake.home,
          encoding: "utf8",
        },
      );
      expect(words.stderr).toBe("");
      expect(words.stdout).toContain(line.startsWith("chmod") ? open : address);
    }
    expect(readFileSync(open, "utf8")).not.toBe("");
    expect(existsSync(canary)).toBe(false);
  });
});

describe("a terminal is sent no escape sequence", () => {
  const FILES: Readonly<Record<string, () => string>> = {
    aerc: () => aercAccounts(secrets).replaceAll("Personal", `P${ESCAPES}`).replaceAll("anna", `anna${ESCAPES}`),
    getmail: () => getmailJson(secrets, { user: `a${ESCAPES}@gmail.com`, client_id: ESCAPES }),
    himalaya: () => himalayaConfiguration(secrets).replaceAll("anna@", "anna\\u001b]0;owned\\u0007\\u009b31m\\u202e@"),
    oama: () => oamaRecord(secrets, { service: ESCAPES, email: `a${ESCAPES}@gmail.com` }),
    pizauth: () => pizauthConfiguration(secrets).replaceAll("ben@", `${ESCAPES}ben@`).replaceAll("my-own", ESCAPES),
    "email-oauth2-proxy": () => proxyConfiguration(secrets, { password: "x" }).replaceAll("robot", `robot${ESCAPES}`),
    "sasl-xoauth2": () => saslTokens(secrets, { client_id: ESCAPES, token_endpoint: `https://x${ESCAPES}/` }),
    "mutt-oauth2": () =>
      JSON.stringify({
        registration: ESCAPES,
        authflow: "authcode",
        email: `a${ESCAPES}@b.example`,
        refresh_token: "x",
      }),
  };
  for (const [tool, text] of Object.entries(FILES)) {
    test(`out of a file of ${tool}, or its name`, async () => {
      const file = world.write(`${ESCAPES}me@gmail.com`, text(), 0o644);
      for (const json of [[], ["--json"]]) {
        await world.importing(file, "--from", tool, "--dry-run", ...json);
        await world.importing(file, "--from", tool, "--replace", ...json);
      }
      expect(shown()).not.toBe("");
      expect(CONTROLS.exec(shown())).toBeNull();
    });
  }
});

describe("a file cannot keep the machine busy", () => {
  const SIZE = 1_000_000;
  const filled = (line: string) => line.repeat(SIZE / line.length);
  const numbered = (line: (index: number) => string, length: number) =>
    Array.from({ length: Math.floor(SIZE / length) }, (_, index) => line(index)).join("");
  const CASES: Readonly<Record<string, () => string>> = {
    "of empty lines": () => `${filled("\n")}x`,
    "of blanks": () => `${filled(" ")}x`,
    "of quotes without an end": () => `account "a" {\n"${filled('\\"')}`,
    "of many keys": () => `encryption: {tag: GPG}\nservices: {}\n${numbered((index) => `k${index}: 1\n`, 10)}`,
    "of brackets": () => filled("["),
    "of objects": () => filled('{"a":'),
    "of many servers": () =>
      numbered((index) => {
        const account = `[a${index}@x.example]\ntoken_url=https://x.example/\nclient_id=x\n`;
        return `[IMAP-${index}]\nserver_address=a\nserver_port=1\n${account}`;
      }, 110),
  };
  for (const [name, text] of Object.entries(CASES)) {
    test(name, async () => {
      const content = text();
      const tool = await recogniseTool(content);
      if (tool !== undefined) await world.importing(world.write("file", content), "--dry-run", "--json");
      expect(tool?.name).toBe(name.includes("servers") ? "email-oauth2-proxy" : undefined);
    }, 10_000);
  }

  test("that is no file: a pipe is not waited for", async () => {
    const pipe = join(world.fake.home, "pipe");
    expect(spawnSync("mkfifo", ["-m", "600", pipe]).status).toBe(0);
    // In a process of its own: a read that waits would hold up the test, too.
    const script = `import { readPrivateFile } from ${JSON.stringify(join(import.meta.dir, "../../src/platform/files.ts"))};
try { readPrivateFile(process.argv[1], "trusted"); } catch (error) { console.log(error.code); }`;
    const { stdout } = spawnSync(process.execPath, ["-e", script, pipe], { encoding: "utf8", timeout: 10_000 });
    expect(stdout).toBe("ERR_UNTRUSTED_FILE\n");
  });

  test("by mailboxes that each want all the work that one may want", async () => {
    const one = proxyConfiguration(secrets, { password: "x", iterations: 1000 }).replace("= 1000", "= 12000000");
    const section = one.slice(one.indexOf("[anna@gmail.com]"), one.indexOf("[your.office365"));
    const many = Array.from({ length: 12 }, (_, index) => section.replace("anna", `anna${index}`)).join("");
    const file = world.write("emailproxy.config", one + many);
    expect(await world.importing(file, "--password-file", world.write("password", "x\n"))).toBe(78);
    expect(world.fake.err()).toContain("decrypting all the sign-ins in ");
    expect(world.fake.err()).toContain("hint: one mailbox at a time: --address ADDRESS");
  });
});

describe("a file does not say more than one thing", () => {
  test("of a mailbox: a section that comes twice makes email-oauth2-proxy refuse it, and mailkey", async () => {
    const text = `${proxyConfiguration(secrets, { password: "x" })}[@gmail.com]\ntoken_url = ${EVIL}\n`;
    expect(await world.importing(world.write("emailproxy.config", text), "--from", "email-oauth2-proxy")).toBe(78);
    expect(world.fake.err()).toContain("cannot be understood as a file of email-oauth2-proxy");
  });

  test("of a key: the same", () => {
    const strict = { delimiters: /=/, continuations: true, repeats: false };
    expect(parseIni("[a]\nb = 1\nB = 2\n", strict)).toBeUndefined();
    expect(parseIni("[a]\nb = 1\n[a]\n", strict)).toBeUndefined();
    expect(
      parseIni("[a]\nb = 1\nb = 2\n", { delimiters: /=/, continuations: false, repeats: true })?.get("a")?.get("b"),
    ).toBe("2");
  });
});

describe("times in a file", () => {
  test("of an access token that would last for years are not believed", async () => {
    for (const expires_at of [Date.now(), 1e300]) {
      expect(await world.importing(world.write("t", getmailJson(secrets, { expires_at })), "--replace")).toBe(0);
      expect(await world.credentialOf("anna@gmail.com")).toMatchObject({
        refreshToken: secrets.refreshToken,
        accessTokens: {},
      });
    }
  });

  test("that are none break nothing", async () => {
    const expiration = "2099-01-01T00:00:00.000000";
    for (const wallMs of [1e300, -1e300, 8.64e15]) {
      const fields = {
        registration: "google",
        authflow: "authcode",
        email: "anna@gmail.com",
        access_token: secrets.accessToken,
        access_token_expiration: expiration,
        refresh_token: secrets.refreshToken,
        client_id: "x",
        client_secret: "",
        mailkey: { expiration, obtainedAt: { wallMs }, lifetimeSeconds: 1e300 },
      };
      expect(await world.importing(world.write("t", JSON.stringify(fields)), "--replace")).toBe(0);
      const credential = await world.credentialOf("anna@gmail.com");
      expect(credential).toMatchObject({ refreshToken: secrets.refreshToken, accessTokens: {} });
      expect(Math.abs((credential?.signedInAt.wallMs ?? 0) - Date.now())).toBeLessThan(3_600_000);
    }
  });
});
