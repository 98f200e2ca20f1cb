import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signIn as browse } from "../../lab/browser.ts";
import {
  CONFIDENTIAL_CLIENT_ID,
  CONFIDENTIAL_CLIENT_SECRET,
  OWN_CLIENT_ID,
  THUNDERBIRD_CLIENT_ID,
} from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { runCommandLine } from "../../src/cli/run.ts";
import { fakeContext, type FakeContext } from "../support/fake-context.ts";

const ANNA = "anna@mail.test";
const BROWSER = fileURLToPath(new URL("../../lab/browser", import.meta.url));
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const SMTP_SCOPE = "https://outlook.office.com/SMTP.Send";

let world: World;
beforeAll(async () => {
  world = await startWorld({ mail: "smtp" });
});
afterAll(() => world.stop());

let context: FakeContext;
beforeEach(() => {
  context = fakeContext(environment());
});
afterEach(() => context.dispose());

/** A desktop whose browser signs `login` in. */
function environment(login = ANNA): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    BROWSER,
    LAB_LOGIN: login,
    LAB_CA: world.caFile,
    NODE_EXTRA_CA_CERTS: world.caFile,
  };
}

/** The same home, with somebody else at the browser. */
function withLogin(login: string): FakeContext {
  return { ...context, env: { ...context.env, LAB_LOGIN: login } };
}

function customFlags(): string[] {
  const { smtp } = world.servers;
  return [
    "--provider=custom",
    `--issuer=${world.issuer}`,
    `--client-id=${THUNDERBIRD_CLIENT_ID}`,
    "--scope",
    SMTP_SCOPE,
    `--smtp=${smtp?.host}:${smtp?.port}:starttls`,
  ];
}

/** Without an issuer, no ID token can be believed. */
function silent(): string[] {
  const { authorization, token } = world.endpoints;
  const [, , , ...rest] = customFlags();
  return [
    "--provider=custom",
    `--authorization-endpoint=${authorization}`,
    `--token-endpoint=${token}`,
    `--client-id=${THUNDERBIRD_CLIENT_ID}`,
    ...rest,
  ];
}

function mailkey(words: readonly string[], inside: FakeContext = context): Promise<number> {
  return runCommandLine(words, inside);
}

function accountFile(): string {
  return join(context.home, "config", "accounts", `${ANNA}.toml`);
}

function stored(): string[] {
  const vault = join(context.home, "state", "vault");
  return existsSync(vault) ? readdirSync(vault) : [];
}

/** Everything that was shown; the token itself is asked for separately. */
async function expectNoSecrets(): Promise<void> {
  const shown = context.out() + context.err();
  await mailkey(["token", ANNA]);
  const token = context.out().trim().split("\n").at(-1) ?? "";
  expect(token.length).toBeGreaterThan(20);
  expect(shown).not.toContain(token);
  expect(shown).not.toContain(CONFIDENTIAL_CLIENT_SECRET);
  expect(shown).not.toMatch(/[?&]code=|code_verifier|refresh_token/);
}

describe("adding an account", () => {
  test("signs in through the browser, stores, tests, and says what next", async () => {
    expect(await mailkey(["add", ANNA, ...customFlags()])).toBe(0);
    const { smtp } = world.servers;
    expect(context.err()).toContain("Signs in with your own registration");
    expect(context.err()).toContain("First use: credentials are encrypted");
    expect(context.err()).toContain(`Signed in as ${ANNA}.`);
    expect(context.err()).toContain(`SMTP ${smtp?.host}:${smtp?.port}  works`);
    expect(context.out()).toContain("mailkey setup mbsync msmtp");
    expect(context.out()).toMatch(/^ {2}\/.+ token anna@mail\.test$/m);
    expect(stored()).toEqual([`${ANNA}.age`]);
    expect(readFileSync(accountFile(), "utf8")).toContain(THUNDERBIRD_CLIENT_ID);
    await expectNoSecrets();
  });

  test("with --json prints one object, and progress as JSON lines on standard error", async () => {
    expect(await mailkey(["add", ANNA, ...customFlags(), "--json"])).toBe(0);
    expect(JSON.parse(context.out())).toMatchObject({
      address: ANNA,
      provider: "custom",
      client: { id: THUNDERBIRD_CLIENT_ID },
      flow: "loopback",
      signed_in_as: ANNA,
      vault: { kind: "age" },
      file: accountFile(),
      tests: [{ protocol: "smtp", ok: true }],
    });
    const events = context
      .err()
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(["flow", "open_url", "answered"]);
    await expectNoSecrets();
  });

  test("refuses the wrong person with both names, and stores nothing", async () => {
    expect(await mailkey(["add", ANNA, ...customFlags()], withLogin("bob@mail.test"))).toBe(77);
    expect(context.err()).toMatch(/error: bob@mail\.test signed in, but anna@mail\.test was asked for/);
    expect(existsSync(accountFile())).toBe(false);
    expect(stored()).toEqual([]);
  });

  test("lets a delegate sign in for a shared mailbox", async () => {
    const words = ["add", ANNA, ...customFlags(), "--login-as=bob@mail.test", "--no-test"];
    expect(await mailkey(words, withLogin("bob@mail.test"))).toBe(0);
    expect(readFileSync(accountFile(), "utf8")).toContain('login = "bob@mail.test"');
  });

  describe("where the provider does not say who signed in", () => {
    test("believes the mailbox when it opens", async () => {
      expect(await mailkey(["add", ANNA, ...silent()])).toBe(0);
      expect(stored()).toEqual([`${ANNA}.age`]);
    });

    test("stores nothing when the mailbox stays closed", async () => {
      expect(await mailkey(["add", ANNA, ...silent()], withLogin("bob@mail.test"))).toBe(77);
      expect(context.err()).toContain(`the mailbox of ${ANNA} is not open to them`);
      expect(existsSync(accountFile())).toBe(false);
      expect(stored()).toEqual([]);
    });
  });

  test("keeps the sign-in when a mail server does not work, and says so", async () => {
    const words = ["add", ANNA, ...customFlags(), "--imap=localhost:9"];
    expect(await mailkey(words)).toBe(69);
    expect(context.err()).toContain("IMAP localhost:9  does not work");
    expect(context.err()).toContain(`mailkey test ${ANNA} tries again`);
    expect(existsSync(accountFile())).toBe(true);
  });

  test("takes a confidential client's secret from a private file, and keeps only its path", async () => {
    const file = join(context.home, "secret");
    writeFileSync(file, `${CONFIDENTIAL_CLIENT_SECRET}\n`, { mode: 0o600 });
    const words = [
      ...["add", ANNA, ...customFlags(), "--no-test"].map((word) =>
        word.replace(THUNDERBIRD_CLIENT_ID, CONFIDENTIAL_CLIENT_ID),
      ),
      `--client-secret-file=${file}`,
    ];
    expect(await mailkey(words)).toBe(0);
    expect(readFileSync(accountFile(), "utf8")).toContain(`file = "${file}"`);
    expect(readFileSync(accountFile(), "utf8")).not.toContain(CONFIDENTIAL_CLIENT_SECRET);
    await expectNoSecrets();
  });

  test("says whose registration it borrows, and which name will be shown", async () => {
    const { authorization, token } = world.endpoints;
    const words = [
      "--provider=microsoft-personal",
      `--authorization-endpoint=${authorization}`,
      `--token-endpoint=${token}`,
      `--issuer-id=${world.issuer}`,
      "--no-test",
    ];
    expect(await mailkey(["add", "anna@hotmail.com", ...words], withLogin("anna@hotmail.com"))).toBe(0);
    expect(context.err().replace(/\s+/g, " ")).toContain(
      "Signs in with Mozilla Thunderbird's registration: Outlook.com will show that name.",
    );
    expect(context.err()).toContain("warns about the certificate");
  });

  test("asks for consent to another resource along with mail when told to", async () => {
    const { authorization, token } = world.endpoints;
    const endpoints = [
      `--authorization-endpoint=${authorization}`,
      `--token-endpoint=${token}`,
      `--issuer-id=${world.issuer}`,
    ];
    const words = ["add", ANNA, "--provider=microsoft", ...endpoints, "--resource=graph", "--no-test", "--json"];
    expect(await mailkey(words)).toBe(0);
    const { url } = JSON.parse(context.err().split("\n")[1] ?? "") as { url: string };
    const asked = new URL(url).searchParams.get("scope")?.split(" ");
    expect(asked).toContain("https://outlook.office.com/SMTP.Send");
    expect(asked).toContain("https://graph.microsoft.com/Mail.Send");
  });

  test("does not replace an account unless told to", async () => {
    expect(await mailkey(["add", ANNA, ...customFlags(), "--no-test"])).toBe(0);
    expect(await mailkey(["add", ANNA, ...customFlags(), "--no-test"])).toBe(64);
    expect(context.err()).toContain(`mailkey login ${ANNA} signs in again`);
    expect(await mailkey(["add", ANNA, ...customFlags(), "--no-test", "--replace"])).toBe(0);
  });

  test.each<[string, readonly string[], number, RegExp]>([
    ["no address", ["add"], 64, /add needs an address/],
    ["what is no address", ["add", "me"], 78, /not an e-mail address/],
    ["a provider without OAuth2", ["add", "me@icloud.com"], 78, /no OAuth2 here/],
    ["an unknown provider", ["add", "me@hotmail.com", "--provider=nobody"], 78, /no provider is called "nobody"/],
    ["a custom provider without endpoints", ["add", "me@a.test", "--provider=custom"], 78, /needs its endpoints/],
    [
      "no registration at a provider that has none for all",
      ["add", "me@gmail.com"],
      64,
      /hint: mailkey add me@gmail\.com --client-id ID/,
    ],
    [
      "a misspelt registration",
      ["add", "me@hotmail.com", "--client=thunderbrd"],
      64,
      /no registration called "thunderbrd"/,
    ],
    [
      "a disabled registration",
      ["add", "me@hotmail.com", "--client=08162f7c-0fd2-4200-a84a-f25a4db0b584"],
      78,
      /switched it off/,
    ],
    [
      "a disabled registration by id",
      ["add", "me@hotmail.com", "--client-id=08162f7c-0fd2-4200-a84a-f25a4db0b584"],
      78,
      /switched it off/,
    ],
    [
      "two places for the secret",
      ["add", "me@gmail.com", "--client-id=x", "--client-secret-file=a", "--client-secret-command=b"],
      64,
      /exclude/,
    ],
    ["a server without a port", ["add", "me@hotmail.com", "--imap=host"], 64, /HOST:PORT/],
    ["an endpoint that is not https", ["add", "me@a.test", "--token-endpoint=http://a.test"], 64, /https/],
    [
      "a redirect to somebody else",
      ["add", "me@hotmail.com", "--redirect-uri=https://evil.example/"],
      64,
      /leads to somebody else/,
    ],
    [
      "a flow that the provider does not have",
      ["add", "me@yahoo.com", "--flow=device"],
      78,
      /hint: mailkey add me@yahoo\.com --flow paste/,
    ],
    ["a user name that cannot be one", ["add", "me@hotmail.com", "--user=a\u0000b"], 64, /user: /],
  ])("refuses %s before anybody signs in", async (_title, words, status, message) => {
    expect(await mailkey([...words])).toBe(status);
    expect(context.err()).toMatch(message);
    expect(context.out()).toBe("");
    expect(stored()).toEqual([]);
  });

  test("reads the pasted address from standard input when there is no terminal", async () => {
    const env = { ...environment(), MAILKEY_HOME: context.home, HOME: context.home };
    const words = [
      "add",
      ANNA,
      ...customFlags(),
      "--flow=paste",
      "--redirect-uri=https://login.microsoftonline.com/common/oauth2/nativeclient",
      "--json",
    ];
    const own = words.map((word) => word.replace(THUNDERBIRD_CLIENT_ID, OWN_CLIENT_ID));
    const child = spawn(process.execPath, [MAIN, ...own], { env, stdio: "pipe" });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
      const url = /"url":"([^"]+)"/.exec(chunk.toString())?.[1];
      if (url === undefined) return;
      void browse(url, { login: ANNA, caFile: world.caFile }).then(({ redirectUrl }) =>
        child.stdin.end(`${redirectUrl}\nmore\n`),
      );
    });
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect(err).toContain('"event":"answered"');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ flow: "paste", signed_in_as: ANNA });
    expect(err).not.toContain("code=");
  });
});

describe("signing in again", () => {
  beforeEach(async () => {
    expect(await mailkey(["add", ANNA, ...customFlags(), "--no-test"])).toBe(0);
  });

  test("replaces the credential and nothing else", async () => {
    const before = { account: readFileSync(accountFile()), vault: vaultFile() };
    expect(await mailkey(["login", ANNA])).toBe(0);
    expect(readFileSync(accountFile())).toEqual(before.account);
    expect(vaultFile()).not.toEqual(before.vault);
    expect(context.err()).toContain("works");
    await expectNoSecrets();
  });

  test("as the wrong person leaves the old credential as it was", async () => {
    const before = vaultFile();
    expect(await mailkey(["login"], withLogin("bob@mail.test"))).toBe(77);
    expect(vaultFile()).toEqual(before);
  });

  test("mends a damaged credential", async () => {
    writeFileSync(join(context.home, "state", "vault", `${ANNA}.age`), "garbage", { mode: 0o600 });
    expect(await mailkey(["login", ANNA, "--json"])).toBe(0);
    await expectNoSecrets();
  });

  test("of an unknown account says how to add it", async () => {
    expect(await mailkey(["login", "nobody@mail.test"])).toBe(78);
    expect(context.err()).toContain("hint: mailkey add nobody@mail.test");
  });
});

describe("revoking", () => {
  beforeEach(async () => {
    expect(await mailkey(["add", ANNA, ...customFlags(), "--no-test"])).toBe(0);
  });

  test("ends the grant at the provider and removes the tokens; the account stays", async () => {
    const live = world.liveRefreshTokens(ANNA);
    expect(await mailkey(["revoke", ANNA, "--yes"])).toBe(0);
    expect(context.out()).toContain("is revoked");
    expect(world.liveRefreshTokens(ANNA)).toBe(live - 1);
    expect(stored()).toEqual([]);
    expect(existsSync(accountFile())).toBe(true);
    expect(await mailkey(["token", ANNA])).toBe(77);
  });

  test("keeps everything when the provider is out of reach", async () => {
    await world.stopAuthorizationServer();
    try {
      expect(await mailkey(["revoke", ANNA, "--yes"])).toBe(75);
    } finally {
      await world.startAuthorizationServer();
    }
    expect(stored()).toEqual([`${ANNA}.age`]);
  });

  test("names the page to visit where the provider cannot revoke", async () => {
    const path = join(context.home, "config", "accounts");
    mkdirSync(path, { recursive: true });
    writeFileSync(
      accountFile(),
      `address = "${ANNA}"\nprovider = "microsoft-personal"\n[client]\nid = "${THUNDERBIRD_CLIENT_ID}"\n`,
    );
    expect(await mailkey(["revoke", ANNA, "--yes", "--json"])).toBe(0);
    const result = JSON.parse(context.out().trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(result).toEqual({
      address: ANNA,
      removed: true,
      revoked: false,
      page: "https://account.live.com/consent/Manage",
    });
    expect(stored()).toEqual([]);
  });

  test("asks nobody without a terminal: it names the flag", async () => {
    expect(await mailkey(["revoke", ANNA])).toBe(64);
    expect(context.err()).toContain(`mailkey revoke ${ANNA} --yes`);
    expect(stored()).toEqual([`${ANNA}.age`]);
  });
});

function vaultFile(): Buffer {
  return readFileSync(join(context.home, "state", "vault", `${ANNA}.age`));
}
